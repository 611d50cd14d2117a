"""The console command: what a user's mistake looks like."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

import twostage_hdr
from twostage_hdr.cli.hydra_command import _spelt_for_hydra, run_verb
from twostage_hdr.cli.main import app, main
from twostage_hdr.errors import InputError
from twostage_hdr.inference.weights import default_weights, shipped_weights

Refused = Callable[..., str]


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Refused:
    """Runs the command, which must refuse and leave no file; gives its one line."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> str:
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
        return lines[0]

    return run


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("module=twostage", "did you mean two_stage?"),
        ("data=hmd", "did you mean hdm?; choose one of gain_map, hdm, "),
        ("ablation=without_gam", "did you mean without_gan?"),
        ("experiment=dmo", "did you mean demo?; choose one of best, context, demo"),
        ("logger=3", "or leave it out"),
        ("schedule@module.schedule=", "linear_decay, warmup_cosine"),
        ("trainer=gpus", "cpu_bf16"),
        ("logger=tensorbord", "csv"),
        ("callbacks=emma", "did you mean ema?"),
        ("camera=raw", "clean, gamma, random"),
        ("schedule@module.schedule=cosine", "linear_decay, warmup_cosine"),
        ("loss@module.tone_mapping_loss=l2", "tone_mapping"),
    ],
)
def test_a_misspelt_choice_is_refused_with_the_choices(refused: Refused, override: str, said: str) -> None:
    line = refused("train", override)
    assert said in line
    assert override.split("=")[1] in line


@pytest.mark.parametrize(
    ("override", "key", "said"),
    [
        ("modul=two_stage", "modul", "did you mean module?"),
        ("network=two_stage", "network", "write network@module.network=CHOICE"),
        (
            "optimizer=adam",
            "optimizer",
            "optimizer@module.discriminator_optimizer=CHOICE or optimizer@module.optimizer",
        ),
        ("experimnt=demo", "experimnt", "did you mean experiment?"),
        ("ablations=end_to_end", "ablations", "module"),
        ("module.clip=1", "module.clip", "clip_norm"),
        ("data.patchsize=64", "data.patchsize", "did you mean patch_size?"),
        ("data.source.counts=4", "data.source.counts", "count"),
        ("trainer.max_epoch=3", "trainer.max_epoch", "max_epochs"),
        ("module.network.width=3", "module.network.width", "features"),
        ("module.objective.weight=0", "module.objective.weight", "adversarial_weight"),
    ],
)
def test_a_misspelt_key_is_refused_with_the_keys_of_its_place(
    refused: Refused, override: str, key: str, said: str
) -> None:
    line = refused("train", override)
    assert f"{key}: no such setting" in line
    assert said in line.split("no such setting")[1]


def test_several_mistakes_are_still_one_line(refused: Refused) -> None:
    assert "no such setting" in refused("train", "data.patchsize=64", "data.cropsize=3")


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (("data=hdm",), "data.root: must be given; add data.root=PATH or set HDM_ROOT"),
        (("experiment=paper",), "data.root: must be given; add data.root=PATH or set HDM_ROOT"),
        (("init_from=demo",), "init_from=demo: has another name now; write weights=demo"),
        (("ckpt_path=a.ckpt",), "ckpt_path=a.ckpt: has another name now; write resume_from=a.ckpt"),
        (("module.stage_one=a",), "module.stage_one=a: has another name now; write module.stage_one_weights=a"),
        (("data=hdm", "data.root=nowhere"), "data.root=nowhere: no such folder"),
        (("data=hdr_folder", "data.root=nowhere"), "data.root=nowhere: no such folder"),
        (("data.crop_size=300",), "data.crop_size=300: larger than data.patch_size=256"),
        (("module.mode=parallel",), "choose one of simultaneous, sequential, end_to_end"),
        (("module=enhancement", "ablation=end_to_end"), "module.mode: no such setting; module has"),
        (("+trainer.typo=1",), "trainer.typo: no such setting; trainer has accelerator"),
        (("+module.objective.foo=2",), "module.objective.foo: no such setting; module.objective has"),
        (("trainer.max_epochs=abc",), "trainer.max_epochs=abc: must be a number"),
        (("data.source.count=many",), "data.source.count=many: must be a number"),
        (("--foo",), "--foo: no such option; settings are key=value, options are --help"),
        (("--multirum", "seed=0,1"), "--multirum: no such option"),
        (
            ("ablation=sequential",),
            "weights: not set, but stage I is frozen, so it needs trained weights; add weights=",
        ),
        (("module=two_stage_context",), "weights: not set, but two_stage is frozen, so it needs trained weights; add"),
        (("weights=nowhere",), "weights 'nowhere': no such file, run directory or shipped set"),
        (("data.crop_size",), "data.crop_size"),
    ],
)
def test_settings_that_cannot_work_are_refused_in_one_line(
    refused: Refused, overrides: tuple[str, ...], said: str
) -> None:
    small = ("logger=csv", "trainer=cpu")
    assert said in refused("train", *small, *overrides)


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
    assert "checkpoint=demo: has another name now; write weights=demo" in refused("evaluate", "checkpoint=demo")


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
    assert "did you mean two_stage?" in told.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("place", "cure"),
    [
        ("{run}/report.html", "choose a folder that can be written with hydra.run.dir=DIR"),
        ("/data/a.exr", "see to its"),
    ],
)
def test_a_file_that_may_not_be_touched_has_the_cure_of_its_place(tmp_path: Path, place: str, cure: str) -> None:
    def task(_: object) -> None:
        raise PermissionError(13, "Permission denied", place.format(run=tmp_path))

    with pytest.raises(InputError, match=f"{place.format(run=tmp_path)}: Permission denied; {cure}"):
        run_verb("evaluate", ["weights=demo", "data=procedural", f"hydra.run.dir={tmp_path}"], task)


def test_batch_norm_over_processes_without_gpus_is_refused_with_the_cure(refused: Refused) -> None:
    line = refused("train", "experiment=demo", "trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2")
    assert "as trainer=ddp_cpu does" in line


def test_help_shows_every_shipped_set_and_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    shown = CliRunner().invoke(app, ["reconstruct", "--help"]).output
    assert ", ".join(shipped_weights()) in shown
    assert f"[default: ({default_weights()})]" in shown
    for option in ("exr,png16; of videos hevc", "chosen for the machine", "the weights' choice", "best exposed"):
        assert f"[default: ({option})]" in shown
