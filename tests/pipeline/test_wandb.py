"""What a run leaves for Weights & Biases, read back from the files that it writes offline."""

import json
import os
import re
import signal
import struct
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from twostage_hdr.imaging.preview import SMALLEST_LETTERS
from twostage_hdr.inference.weights import load_weights
from twostage_hdr.training.tone_mapping import ToneMappingModule

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:wandb_workspaces")
wandb_internal = pytest.importorskip("wandb.proto.wandb_internal_pb2")

Command = Callable[..., int]
DASHBOARDS = Path(__file__).parents[2] / "experiments" / "dashboards"
BLOCK = 32768
LOSS = "train/tone_mapping/loss"
SHORT = ("trainer.max_epochs=2", "data.patches_per_epoch=8", "logger=wandb")


def records(path: Path) -> Iterator[Any]:
    """A .wandb file is a log in LevelDB's format (blocks of 32 KiB; crc, size, kind, bytes) after 7 bytes of header."""
    content = path.read_bytes()
    assert content[:4] == b":W&B"
    place, whole = 7, b""
    while place + 7 <= len(content):
        if BLOCK - place % BLOCK < 7:
            place += BLOCK - place % BLOCK
            continue
        checksum, size, kind = struct.unpack("<IHB", content[place : place + 7])
        piece = content[place + 7 : place + 7 + size]
        if len(piece) < size:
            return  # being written
        assert zlib.crc32(bytes([kind]) + piece) == checksum
        whole = piece if kind in (1, 2) else whole + piece
        if kind in (1, 4):  # whole, or the last piece
            record = wandb_internal.Record()
            record.ParseFromString(whole)
            yield record
        place += 7 + size


class Offline:
    """One offline-run folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (file,) = folder.glob("*.wandb")
        self.records: list[Any] = []
        ready = time.monotonic() + 120
        while not self.all("exit") and time.monotonic() < ready:  # wandb's own process writes a moment later
            time.sleep(0.05)
            self.records = list(records(file))

    def all(self, kind: str) -> list[Any]:
        return [getattr(record, kind) for record in self.records if record.WhichOneof("record_type") == kind]

    def rows(self) -> list[dict[str, Any]]:
        """The history; of pictures and tables only what they are."""
        return [
            {"/".join(item.nested_key) or item.key: json.loads(item.value_json) for item in row.item}
            for row in self.all("history")
        ]

    def last(self, kind: str) -> dict[str, Any]:
        """Config or summary, as it is after all updates."""
        found: dict[str, Any] = {}
        for record in self.all(kind):
            found |= {"/".join(item.nested_key) or item.key: json.loads(item.value_json) for item in record.update}
        return found

    def curve(self, name: str) -> list[float]:
        return [row[name] for row in self.rows() if name in row]


def offline_runs(run: Path) -> list[Offline]:
    return [Offline(folder) for folder in sorted((run / "wandb").glob("offline-run-*"))]


@pytest.fixture
def dashboards(monkeypatch: pytest.MonkeyPatch) -> Any:
    pytest.importorskip("wandb_workspaces")
    monkeypatch.syspath_prepend(str(DASHBOARDS))
    for name in ("ablation_report", "workspace", "push"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import push

    return push


@pytest.mark.slow
def test_each_job_of_a_sweep_is_a_run_of_its_own_with_all_that_belongs_to_it(
    two_stage: Command, tmp_path: Path, dashboards: Any
) -> None:
    sweep = tmp_path / "base_and_ablation"
    assert two_stage("-m", "seed=1", "ablation=none,without_colour", *SHORT, f"hydra.sweep.dir={sweep}") == 0
    jobs = [offline_runs(sweep / number) for number in "01"]
    assert [len(job) for job in jobs] == [1, 1]
    (run,) = jobs[1][0].all("run")
    assert run.run_id != jobs[0][0].all("run")[0].run_id
    assert (run.project, run.run_group, run.display_name) == (
        "twostage-hdr",
        "base_and_ablation",
        "base_and_ablation/1",
    )
    assert set(run.tags) == {"module=two_stage", "data=procedural", "experiment=small", "ablation=without_colour"}
    assert [record.exit_code for record in jobs[1][0].all("exit")] == [0]

    offline = jobs[1][0]
    config = offline.last("config")
    assert config["seed"] == 1
    assert config["module"]["network"]["features"] == 8
    assert config["chosen_ablation"] == "without_colour"
    assert jobs[0][0].last("config")["chosen_ablation"] == "none"
    assert re.fullmatch(r"([0-9a-f]{7,40}(-dirty)?|unknown)", config["git"]["commit"])

    for player in ("enhancement", "tone_mapping"):
        for quantity in ("loss", "gradient_norm", "lr"):
            assert len(offline.curve(f"train/{player}/{quantity}")) == 4
        assert len(offline.curve(f"train/{player}/weight_norm")) == 2
    assert len(offline.curve("speed/seconds_waiting_for_data")) == 2  # of four: the first two say nothing of speed
    assert min(offline.curve("speed/images_per_second")) > 0
    assert any("memory" in item.key for stats in offline.all("stats") for item in stats.item)  # of the machine

    # The best epoch's scores, so that a table of runs can be sorted by them.
    summary, scores = offline.last("summary"), offline.curve("val/mu_psnr")
    assert summary["best/mu_psnr"] == pytest.approx(max(scores))
    assert summary["best/epoch"] == scores.index(max(scores))
    assert summary["best/psnr"] == pytest.approx(offline.curve("val/psnr")[scores.index(max(scores))])

    # Pictures: 48 px wide frames; result above reference at three exposures, each row below a line of labels.
    (scene,) = json.loads((sweep / "1" / "splits.json").read_text())["val"]
    key = f"exposures/{scene.replace('/', '_')}"
    assert offline.curve(f"{key}/width") == [3 * 48] * 2
    assert offline.curve(f"{key}/height") == [2 * (32 + round(1.6 * SMALLEST_LETTERS))] * 2
    assert all((offline.folder / "files" / name).is_file() for (name,) in offline.curve(f"{key}/filenames"))

    # The table per image.
    tables = [json.loads((offline.folder / "files" / path).read_text()) for path in offline.curve("val/per_image/path")]
    assert [table["data"][0][:2] for table in tables] == [[0, scene], [1, scene]]
    assert tables[1]["data"][0][tables[1]["columns"].index("mu_psnr")] == pytest.approx(scores[1])

    # The weights, which are where the record says.
    (model,) = [artifact for artifact in offline.all("artifact") if artifact.type == "model"]
    assert model.name == f"two_stage-{run.run_id}"
    assert "best" in model.aliases
    (file,) = model.manifest.contents
    assert load_weights(file.local_path).hyper_parameters["features"] == 8
    assert Path(file.local_path).is_relative_to(sweep / "1")
    assert json.loads(model.metadata)["best"] == pytest.approx(max(scores))

    # Every curve and picture of the workspace is one that runs log (the adversary has none without a GAN).
    shown = dashboards.specs("me", "twostage-hdr", dashboards.scenes_of(sweep / "1"))["workspace"]
    logged = {name for row in offline.rows() for name in row}
    wanted = set()
    for section in shown["spec"]["section"]["panelBankConfig"]["sections"]:
        for panel in section["panels"]:
            wanted |= {*panel["config"].get("metrics", ()), *panel["config"].get("mediaKeys", ())}
    assert len(wanted) > 20
    missing = {name for name in wanted if not any(known == name or known.startswith(f"{name}/") for known in logged)}
    assert missing <= {f"train/discriminator/{name}" for name in ("loss", "gradient_norm", "lr")} | {
        "train/enhancement/adversarial"
    }

    # For people without an account: the same on a page.
    page = (sweep / "1" / "report.html").read_text()
    assert scene in page
    for words in ("<svg", "μ-PSNR", "gradient_norm", "images_per_second"):
        assert words in page


@pytest.mark.slow
def test_a_run_that_was_interrupted_stays_one_run(
    train: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, count = ToneMappingModule.training_step, 0

    def step(module: ToneMappingModule, batch: object, batch_idx: int) -> None:
        nonlocal count
        count += 1
        if count == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        plain(module, batch, batch_idx)

    monkeypatch.setattr(ToneMappingModule, "training_step", step)
    command = ("module=tone_mapping", *SHORT, f"hydra.run.dir={tmp_path / 'run'}")
    assert train(*command) == 143
    assert train(*command) == 0
    first, second = offline_runs(tmp_path / "run")
    assert first.all("run")[0].run_id == second.all("run")[0].run_id
    assert first.all("run")[0].run_group == ""
    # The first part ends as a pre-empted one; the second takes up the count where the checkpoint left it.
    assert len(first.all("preempting")) == 1
    assert first.all("exit")[0].exit_code == 143
    assert second.all("exit")[0].exit_code == 0
    steps = [record.step.num for part in (first, second) for record in part.all("history")]
    assert steps == sorted(set(steps))
    # Of four updates, only the one in which it stopped may have no line.
    axis = [row["trainer/global_step"] for part in (first, second) for row in part.rows() if LOSS in row]
    assert axis in ([0, 1, 3], [0, 1, 2, 3])


def test_the_workspaces_spec_is_what_wandb_reads_back(dashboards: Any) -> None:
    from wandb_workspaces.workspaces import internal

    spec = dashboards.specs("me", "twostage-hdr", ["a/b.exr"])["workspace"]
    view = internal.View.model_validate(spec)
    assert json.loads(view.model_dump_json(by_alias=True, exclude_none=True)) == spec
    section = spec["spec"]["section"]
    assert section["runSets"][0]["runFeed"]["columnOrder"][:2] == ["run:displayName", "summary:best/mu_psnr"]
    assert section["runSets"][0]["sort"]["keys"] == [
        {"key": {"section": "summary", "name": "best/mu_psnr"}, "ascending": False}
    ]
    media = [panel["config"]["mediaKeys"] for part in section["panelBankConfig"]["sections"] for panel in part["panels"]
             if panel["viewType"] == "Media Browser"]  # fmt: skip
    assert media == [["exposures/a_b.exr"], ["val/a_b.exr"]]


def test_the_reports_spec_is_what_wandb_reads_back_and_has_every_ablation(dashboards: Any) -> None:
    from ablation_report import ablations
    from wandb_workspaces.reports.v2 import internal

    spec = dashboards.specs("me", "twostage-hdr", [])["ablation_report"]
    report = internal.ReportViewspec.model_validate(spec)
    read = json.loads(report.model_dump_json(by_alias=True, exclude_none=True))
    for block in read["spec"]["blocks"]:
        for child in block["children"]:
            assert child.pop("inlineComments", []) == []
    assert read == spec
    blocks = spec["spec"]["blocks"]
    texts = ["".join(child.get("text", "") for child in block["children"]) for block in blocks]
    compared = []
    for block in blocks:
        if block["type"] == "panel-grid":
            conditions = [c for runs in block["metadata"]["runSets"][1:] for c in runs["filters"]["filters"]]
            compared += [c["value"] for c in conditions if c["key"]["name"] == "chosen_ablation"]
    assert compared == list(ablations())
    assert "without_colour" in compared
    for change in ablations().values():
        assert change in texts


def test_pushing_without_saying_where_is_refused(dashboards: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        dashboards.main([])
    assert "--entity" in capsys.readouterr().err
