"""The console command: what a user's mistake looks like."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

import twostage_hdr
from tests.refusal import refusal_of
from twostage_hdr.cli.hydra_command import _spelt_for_hydra, run_verb
from twostage_hdr.cli.main import app, main
from twostage_hdr.inference.weights import default_weights, shipped_weights

Refused = Callable[..., None]


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Refused:
    """Runs the command, which must refuse in one line and leave no file.

    The line begins with the subject, and names the values after it.
    """
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, subject: str, values: Sequence[str] = ()) -> None:
        monkeypatch.setattr(sys, "argv", ["twostage-hdr", *arguments])
        with pytest.raises(SystemExit) as leaving:
            main()
        assert leaving.value.code == 2
        told = capsys.readouterr().err
        assert "Traceback" not in told
        lines = [line for line in told.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1
        assert lines[0] == told.splitlines()[-1]
        assert list(tmp_path.iterdir()) == []
        assert lines[0].startswith(f"error: {subject}"), lines[0]
        assert all(value in lines[0].removeprefix(f"error: {subject}") for value in values), lines[0]

    return run


@pytest.mark.parametrize(
    ("override", "subject", "values"),
    [
        ("module=twostage", "module=twostage", ["two_stage?"]),
        ("data=hmd", "data=hmd", ["hdm?", "gain_map, hdm, "]),
        ("ablation=without_gam", "ablation=without_gam", ["without_gan?"]),
        ("experiment=dmo", "experiment=dmo", ["demo?", "best, context, demo"]),
        ("logger=3", "logger=3", []),
        ("schedule@module.schedule=", "schedule=", ["linear_decay, warmup_cosine"]),
        ("trainer=gpus", "trainer=gpus", ["cpu_bf16"]),
        ("logger=tensorbord", "logger=tensorbord", ["csv"]),
        ("callbacks=emma", "callbacks=emma", ["ema?"]),
        ("camera=raw", "camera=raw", ["clean, gamma, random"]),
        ("schedule@module.schedule=cosine", "schedule=cosine", ["linear_decay, warmup_cosine"]),
        ("loss@module.tone_mapping_loss=l2", "loss=l2", ["tone_mapping"]),
    ],
)
def test_a_misspelt_choice_is_refused_with_the_choices(
    refused: Refused, override: str, subject: str, values: list[str]
) -> None:
    refused("train", override, subject=subject, values=values)


@pytest.mark.parametrize(
    ("override", "key", "value"),
    [
        ("modul=two_stage", "modul", "module?"),
        ("network=two_stage", "network", "network@module.network=CHOICE"),
        (
            "optimizer=adam",
            "optimizer",
            "optimizer@module.discriminator_optimizer=CHOICE or optimizer@module.optimizer",
        ),
        ("experimnt=demo", "experimnt", "experiment?"),
        ("ablations=end_to_end", "ablations", "module"),
        ("module.clip=1", "module.clip", "clip_norm"),
        ("data.patchsize=64", "data.patchsize", "patch_size?"),
        ("data.source.counts=4", "data.source.counts", "count"),
        ("trainer.max_epoch=3", "trainer.max_epoch", "max_epochs"),
        ("module.network.width=3", "module.network.width", "features"),
        ("module.objective.weight=0", "module.objective.weight", "adversarial_weight"),
    ],
)
def test_a_misspelt_key_is_refused_with_the_keys_of_its_place(
    refused: Refused, override: str, key: str, value: str
) -> None:
    refused("train", override, subject=f"{key}: ", values=[value])


def test_several_mistakes_are_still_one_line(refused: Refused) -> None:
    refused("train", "data.patchsize=64", "data.cropsize=3", subject="data.patchsize: ")


@pytest.mark.parametrize(("verb", "setting"), [("evaluate", "weights"), ("prepare", "data"), ("inspect", "data")])
def test_a_command_without_settings_names_the_first_that_must_be_given(
    refused: Refused, verb: str, setting: str
) -> None:
    refused(verb, subject=f"{setting}: ", values=[f"{setting}="])


@pytest.mark.parametrize(
    ("overrides", "subject", "values"),
    [
        (("data=hdm",), "data.root: ", ["data.root=PATH", "HDM_ROOT"]),
        (("experiment=paper",), "data.root: ", ["data.root=PATH", "HDM_ROOT"]),
        (("init_from=demo",), "init_from=demo", ["weights=demo"]),
        (("ckpt_path=a.ckpt",), "ckpt_path=a.ckpt", ["resume_from=a.ckpt"]),
        (("module.stage_one=a",), "module.stage_one=a", ["module.stage_one_weights=a"]),
        (("data=hdm", "data.root=nowhere"), "data.root=nowhere", []),
        (("data=hdr_folder", "data.root=nowhere"), "data.root=nowhere", []),
        (("data.crop_size=300",), "data.crop_size=300", ["data.patch_size=256"]),
        (("module.mode=parallel",), "module.mode=parallel", ["simultaneous, sequential, end_to_end"]),
        (("module=enhancement", "ablation=end_to_end"), "module.mode: ", ["objective"]),
        (("+trainer.typo=1",), "trainer.typo", ["trainer has accelerator"]),
        (("+module.objective.foo=2",), "module.objective.foo", ["adversarial_weight"]),
        (("trainer.max_epochs=abc",), "trainer.max_epochs=abc", []),
        (("data.source.count=many",), "data.source.count=many", []),
        (("--foo",), "--foo", ["key=value", "--help"]),
        (("--multirum", "seed=0,1"), "--multirum", ["--multirun"]),
        (("ablation=sequential",), "weights: ", ["stage I", "weights="]),
        (("module=two_stage_context",), "weights: ", ["two_stage", "weights="]),
        (("weights=nowhere",), "weights 'nowhere'", ["demo"]),
        (("data.crop_size",), "data.crop_size: ", ["KEY=VALUE"]),
        (("data.crop_size=[1",), "data.crop_size=[1: ", ["KEY='VALUE'"]),
    ],
)
def test_settings_that_cannot_work_are_refused_in_one_line(
    refused: Refused, overrides: tuple[str, ...], subject: str, values: list[str]
) -> None:
    small = ("logger=csv", "trainer=cpu")
    refused("train", *small, *overrides, subject=subject, values=values)


@pytest.mark.parametrize("verb", ["train", "evaluate"])
def test_help_shows_the_groups_with_their_choices_and_examples(
    verb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["twostage-hdr", verb, "--help"])
    with pytest.raises(SystemExit) as leaving:
        main()
    assert leaving.value.code in (None, 0)
    told = capsys.readouterr().out
    assert told.startswith(f"Usage: twostage-hdr {verb}")
    assert (
        "data: gain_map, hdm, hdm_paper, hdm_paper_any_exposure, hdr_folder, hdr_views, kalantari, paired, procedural"
        in " ".join(told.split())
    )
    # What most people want comes before what can be chosen.
    assert told.index(f"twostage-hdr {verb} ", 30) < told.index("Groups and their choices")


@pytest.mark.parametrize("verb", ["train", "evaluate", "prepare", "inspect"])
@pytest.mark.parametrize("argument", ["--help", "modul=two_stage", "data=hmd"])
def test_help_and_misspelt_settings_do_not_wait_for_pytorch(verb: str, argument: str, tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from twostage_hdr.cli.main import main\n"
        f"sys.argv = ['twostage-hdr', {verb!r}, {argument!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "assert not {'torch', 'lightning', 'wandb'} & set(sys.modules), sorted(sys.modules)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("verb", ["reconstruct", "convert", "info", "app"])
def test_help_of_the_image_commands_waits_for_no_library(verb: str) -> None:
    program = (
        "import sys\n"
        "from twostage_hdr.cli.main import main\n"
        f"sys.argv = ['twostage-hdr', {verb!r}, '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "assert not {'torch', 'numpy', 'OpenImageIO', 'PIL'} & set(sys.modules), sorted(sys.modules)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize(
    ("given", "spelt"),
    [
        ("experiment=null", "experiment=none"),
        ("ablation=null,without_gan", "ablation=none,without_gan"),
        ("schedule@module.schedule=null", "~schedule@module.schedule"),
        ("data.split_file=null", "data.split_file=null"),
        ("weights=null", "weights=null"),
        ("-m", "-m"),
    ],
)
def test_null_leaves_a_group_out(given: str, spelt: str) -> None:
    assert _spelt_for_hydra(given) == spelt


def test_the_old_name_of_weights_to_evaluate_is_refused_with_the_new_one(refused: Refused) -> None:
    refused("evaluate", "checkpoint=demo", subject="checkpoint=demo", values=["weights=demo"])


def test_the_version_is_the_packages(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["twostage-hdr", "--version"])
    with pytest.raises(SystemExit) as leaving:
        main()
    assert leaving.value.code == 0
    assert capsys.readouterr().out.strip() == f"twostage-hdr {twostage_hdr.__version__}"


@pytest.mark.slow
def test_the_installed_command_leaves_with_code_2_and_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "twostage_hdr.cli.main", "train", "module=twostage"]
    told = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=900)
    assert told.returncode == 2
    assert "Traceback" not in told.stderr
    assert "two_stage?" in told.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("place", "in_the_run"),
    [
        ("{run}/report.html", True),
        ("/data/a.exr", False),
    ],
)
def test_a_file_that_may_not_be_touched_has_the_cure_of_its_place(tmp_path: Path, place: str, in_the_run: bool) -> None:
    path = place.format(run=tmp_path)

    def task(_: object) -> None:
        raise PermissionError(13, "Permission denied", path)

    with refusal_of(path, "Permission denied") as caught:
        run_verb("evaluate", ["weights=demo", "data=procedural", f"hydra.run.dir={tmp_path}"], task)
    assert ("hydra.run.dir=DIR" in caught.value.cure) == in_the_run


def test_batch_norm_over_processes_without_gpus_is_refused_with_the_cure(refused: Refused) -> None:
    over_two = ("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2")
    refused("train", "experiment=demo", *over_two, subject="trainer.sync_batchnorm=true", values=["trainer=ddp_cpu"])


def test_help_shows_every_shipped_set_and_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    shown = CliRunner().invoke(app, ["reconstruct", "--help"]).output
    assert ", ".join(shipped_weights()) in shown
    assert f"[default: ({default_weights()})]" in shown
    for option in ("exr,png16; of videos hevc", "chosen for the machine", "the weights' choice", "best exposed"):
        assert f"[default: ({option})]" in shown
