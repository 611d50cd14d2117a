"""The verb from end to end on tiny data, and which data and split it takes."""

import csv
import json
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from twostage_hdr.cli.evaluation_data import _changed
from twostage_hdr.cli.main import main
from twostage_hdr.cli.run_directory import RunDirectory
from twostage_hdr.data.splits import read_splits
from twostage_hdr.inference.weights import save_weights
from twostage_hdr.networks.two_stage import TwoStageNetwork

TINY_DATA = ("data.source.count=6", "data.source.height=32", "data.source.width=48")
TINY_NETWORK = ("module.network.features=8", "module.network.growth=4")


def _run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr("sys.argv", ["twostage-hdr", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished training of a few steps."""
    settings = ("data.patches_per_epoch=2", "data.batch_size=2", "data.patch_size=24", "data.crop_size=16")
    path = tmp_path / "run"
    code = _run(
        monkeypatch,
        *("train", "module=one_network", "data=procedural", "logger=csv", "trainer.max_epochs=1"),
        *(*TINY_DATA, *TINY_NETWORK, *settings, f"hydra.run.dir={path}"),
    )
    assert code == 0
    return path


@pytest.mark.slow
def test_a_run_is_scored_on_its_own_test_set_beside_the_ldr_row(run, tmp_path, monkeypatch, capsys):
    out = tmp_path / "out"
    code = _run(
        monkeypatch,
        "evaluate",
        f"weights={run}",
        "operators=true",
        "pictures=1",
        "save_results=true",
        f"hydra.run.dir={out}",
    )
    assert code == 0, capsys.readouterr()
    results = json.loads((out / "summary.json").read_text())
    assert results["rows"][0]["name"] == "ldr"
    assert len(results["rows"]) == 2 + 12
    with (out / "per_image.csv").open() as file:
        scenes = {line["scene"] for line in csv.DictReader(file)}
    assert scenes == set(read_splits(run / "splits.json").test)
    assert "LDR input" in (out / "table.md").read_text()
    assert "LDR input" in (out / "report.html").read_text()
    assert len(list((out / "pictures").glob("*_ldr.png"))) == 1
    assert len(list((out / "results").glob("*/*.exr"))) == (2 + 12 + 1) * len(scenes)
    assert "ColorVideoVDP" not in (out / "table.md").read_text()  # a column of its own, once it was run
    places = len(set(results["places"].values()))
    assert results["facts"]["images"].startswith(f"{len(scenes)} of the test set, of {places} place")
    assert results["facts"]["reference cap"] == "10"
    kept = OmegaConf.load(out / "evaluation.yaml")
    assert (kept.weights, kept.operators, kept.data.source.count) == (str(run), True, 6)
    assert kept.data.split_file == str(run / "splits.json")


def test_more_weights_and_folders_of_results_are_named_on_the_command_line(tmp_path, monkeypatch, capsys):
    (tmp_path / "theirs").mkdir()
    code = _run(
        monkeypatch,
        *("evaluate", "weights=demo", "data=procedural", *TINY_DATA, "limit=1", "pictures=0"),
        *("networks={Again: demo}", f"folders={{Theirs: {tmp_path / 'theirs'}}}", f"hydra.run.dir={tmp_path / 'out'}"),
    )
    told = capsys.readouterr().err
    assert code == 2
    assert "Theirs" in told or str(tmp_path / "theirs") in told


@pytest.mark.slow
def test_more_networks_are_rows_of_the_table(tmp_path, monkeypatch, capsys):
    out = tmp_path / "out"
    code = _run(
        monkeypatch,
        *("evaluate", "weights=demo", "data=procedural", *TINY_DATA, "limit=1", "pictures=0"),
        *("networks={Again: demo}", f"hydra.run.dir={out}"),
    )
    assert code == 0, capsys.readouterr()
    assert [row["title"] for row in json.loads((out / "summary.json").read_text())["rows"]] == [
        "LDR input",
        "demo",
        "Again",
    ]


@pytest.mark.slow
def test_the_runs_data_under_another_camera_keep_the_runs_split(run, tmp_path, monkeypatch):
    out = tmp_path / "out"
    other = ("data=procedural", "camera=gamma", *TINY_DATA, "data.seed=7", "data.source.seed=0")
    assert _run(monkeypatch, "evaluate", f"weights={run}", *other, f"hydra.run.dir={out}") == 0
    scenes = set(json.loads((out / "summary.json").read_text())["rows"][0]["per_image"])
    assert scenes == set(read_splits(run / "splits.json").test)


@pytest.mark.slow
def test_single_settings_of_the_runs_data_can_be_changed(run, tmp_path, monkeypatch, capsys):
    out = tmp_path / "out"
    command = ("evaluate", f"weights={run}", f"hydra.run.dir={out}")
    assert _run(monkeypatch, *command, "data.source.cap=2.0", "data.workers=0", "pictures=0") == 0
    kept = OmegaConf.load(out / "evaluation.yaml").data
    assert (kept.source.cap, kept.source.count, kept.source.height) == (2.0, 6, 32)
    scenes = set(json.loads((out / "summary.json").read_text())["rows"][0]["per_image"])
    assert scenes == set(read_splits(run / "splits.json").test)
    assert _run(monkeypatch, *command[:2], "data.source.caps=2.0", f"hydra.run.dir={tmp_path / 'o'}") == 2
    line = capsys.readouterr().err
    assert "error: data.source.caps: " in line
    assert "data.source has camera, count" in line
    assert not (tmp_path / "o").exists()


def test_a_moved_root_is_the_sources_too(tmp_path: Path) -> None:
    of_run = OmegaConf.create({"data": {"root": "old", "source": {"root": "old", "cap": 10.0}}})
    command = OmegaConf.create({"data": {"root": "new"}, "trust": None})
    changed = _changed(RunDirectory(tmp_path), of_run, command)
    assert changed == {"root": "new", "source": {"root": "new", "cap": 10.0}}


@pytest.mark.slow
def test_data_that_hold_only_part_of_the_run_are_refused(run, tmp_path, monkeypatch, capsys):
    fewer = ("data=procedural", "data.source.count=4", *TINY_DATA[1:])
    assert _run(monkeypatch, "evaluate", f"weights={run}", *fewer, f"hydra.run.dir={tmp_path / 'o'}") == 2
    line = " ".join(capsys.readouterr().err.split())
    assert f"error: {run}: 4 " in line
    assert " 2 " in line.split(f"{run}: 4 ")[1]


@pytest.mark.parametrize(
    ("arguments", "subject", "value"),
    [
        ((), "weights: ", "weights="),
        (("weights=nothing", "data=procedural"), "weights 'nothing'", "demo"),
        (("weights={weights}",), "data: ", "data="),
        (("weights={weights}", "data=procedural", "split=everything"), "split=everything", "train, val, test"),
        (("weights={weights}", "data=procedural", "picures=2"), "picures", "pictures?"),
        (("weights={weights}", "data=procedural", "networks=abc"), "networks=abc", "networks={Title: PLACE"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_in_one_line(arguments, subject, value, tmp_path, monkeypatch, capsys):
    weights = tmp_path / "net.safetensors"
    save_weights(weights, TwoStageNetwork(features=8, growth=4))
    filled = [argument.format(weights=weights) for argument in arguments]
    code = _run(monkeypatch, "evaluate", *filled, f"hydra.run.dir={tmp_path / 'out'}")
    error = capsys.readouterr().err
    assert code == 2
    assert f"error: {subject}" in error
    assert value in " ".join(error.split()).split(f"error: {subject}")[1]
    assert "Traceback" not in error
    assert not (tmp_path / "out").exists()


def test_a_training_run_is_no_place_for_an_evaluation(run, monkeypatch, capsys):
    report = (run / "report.html").read_bytes()
    assert _run(monkeypatch, "evaluate", f"weights={run}", f"hydra.run.dir={run}") == 2
    assert f"error: hydra.run.dir={run}: " in " ".join(capsys.readouterr().err.split())
    assert (run / "report.html").read_bytes() == report


def test_a_file_where_the_folder_should_be_is_refused_in_one_line(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("mine")
    assert _run(monkeypatch, "evaluate", "weights=demo", "data=procedural", f"hydra.run.dir={tmp_path / 'file'}") == 2
    error = capsys.readouterr().err
    assert f"error: {tmp_path / 'file'}" in error
    assert "hydra.run.dir=DIR" in error
    assert "Traceback" not in error


@pytest.mark.slow
def test_a_run_of_several_shots_is_scored_on_all_frames_beside_single_shot_weights(tmp_path, monkeypatch, capsys):
    settings = ("data.patches_per_epoch=2", "data.batch_size=2", "data.patch_size=24", "data.crop_size=16")
    run, single = tmp_path / "run", tmp_path / "single.safetensors"
    save_weights(single, TwoStageNetwork(features=8, growth=4))
    chosen = ("module=multi_shot", "+module.discriminator.features=2", "data=procedural", "camera=all_exposures")
    code = _run(
        monkeypatch,
        *("train", *chosen, f"weights={single}", "logger=csv", "trainer.max_epochs=1"),
        *(*TINY_DATA, *TINY_NETWORK, *settings, f"hydra.run.dir={run}"),
    )
    assert code == 0, capsys.readouterr()
    out = tmp_path / "out"
    code = _run(monkeypatch, "evaluate", f"weights={run}", f"networks={{single: {single}}}", f"hydra.run.dir={out}")
    assert code == 0, capsys.readouterr()
    rows = json.loads((out / "summary.json").read_text())["rows"]
    assert [row["name"] for row in rows] == ["ldr", "run", "single"]
    assert rows[1]["parameters"] > rows[2]["parameters"]
    assert (out / "report.html").is_file()
