"""docs/extending.md as a new user would follow it: its files, its commands, each in a process of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

DOC = Path(__file__).parents[2] / "docs" / "extending.md"
UNREADABLE = """class Announce(L.Callback):
    def state_dict(self):
        return {"kind": Announce}
"""
SMALL = (
    *("trainer.max_epochs=1", "trainer.accelerator=cpu", "logger=csv", "callbacks.progress.refresh_rate=0"),
    *("data.batch_size=2", "data.patch_size=24", "data.crop_size=16", "data.patches_per_epoch=4"),
    *("data.source.count=6", "data.source.height=32", "data.source.width=48"),
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    text = DOC.read_text(encoding="utf-8")
    code = re.findall(r"`([\w/.]+)`:\n\n```(?:python|yaml)\n(.*?)```", text, re.DOTALL)
    assert [name for name, _ in code] == [
        *("mypackage.py", "myconf/network/gain.yaml", "myconf/loss/charbonnier.yaml", "myconf/experiment/gain.yaml")
    ]
    for name, content in code:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    lines = [line for line in code[0][1].splitlines() if line.strip()]
    assert len(lines) <= 40, "the example has grown"
    Image.new("RGB", (40, 30), (200, 180, 160)).save(folder / "photo.jpg")
    return folder


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    program = [sys.executable, "-P", "-m", "twostage_hdr", *arguments]  # -P: as the console script
    return subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)


def refused(folder: Path, *arguments: str) -> str:
    told = command(folder, *arguments)
    assert told.returncode == 2, told.stdout + told.stderr
    assert "Traceback" not in told.stderr
    return " ".join(told.stderr.split())


def train(folder: Path, *more: str, run: str = "RUN") -> subprocess.CompletedProcess[str]:
    return command(folder, "train", "--config-dir", "myconf", "experiment=gain", *SMALL, f"hydra.run.dir={run}", *more)


@pytest.fixture(scope="module")
def trained(project: Path) -> Path:
    told = train(project)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "epoch 1 is done" in told.stdout
    assert "trust=[mypackage]" in told.stdout  # in the command that it proposes next
    assert "largest_error" in (project / "RUN" / "validation_scores.csv").read_text().splitlines()[0]
    return project


@pytest.mark.slow
def test_the_run_is_found_finished_by_the_same_command(trained: Path) -> None:
    assert "This run is finished" in train(trained).stdout


@pytest.mark.slow
def test_a_stopped_run_goes_on(trained: Path) -> None:
    assert train(trained, "trainer.limit_train_batches=1", run="STOPPED").returncode == 0
    (trained / "STOPPED" / "finished.json").unlink()
    for name in ("last.ckpt", "best.ckpt"):
        (trained / "STOPPED" / "checkpoints" / name).unlink()
    told = train(trained, "trainer.limit_train_batches=1", run="STOPPED")
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.slow
def test_it_is_evaluated_reconstructed_and_exported_with_trust(trained: Path) -> None:
    (trained / "again").mkdir(exist_ok=True)
    for line in (
        "evaluate weights=RUN trust=[mypackage] hydra.run.dir=EVALUATION limit=1",
        "reconstruct photo.jpg --weights RUN --trust mypackage",
        "export RUN gain.safetensors --trust mypackage",
        "reconstruct photo.jpg --weights gain.safetensors --trust mypackage -o again",
    ):
        metrics = ["metrics={largest_error: {_target_: mypackage.LargestError}}"] if "evaluate" in line else []
        told = command(trained, *line.split(), *metrics)
        assert told.returncode == 0, told.stdout + told.stderr
    assert "Largest error" in (trained / "EVALUATION" / "table.md").read_text()
    assert (trained / "photo.exr").is_file()


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ("evaluate", "weights=RUN", "hydra.run.dir=REFUSED"),
        ("reconstruct", "photo.jpg", "--weights", "RUN", "--overwrite"),
        ("export", "RUN", "refused.safetensors"),
        ("train", "experiment=demo", "weights=RUN", "hydra.run.dir=REFUSED"),
    ],
)
def test_without_trust_it_is_refused_before_the_package_is_imported(trained: Path, arguments: tuple[str, ...]) -> None:
    package = trained / "mypackage.py"
    content = package.read_text()
    package.write_text(content + "\nfrom pathlib import Path\nPath('imported').touch()\n")
    try:
        told = refused(trained, *arguments)
    finally:
        package.write_text(content)
    assert "trust" in told
    assert "mypackage" in told
    assert not (trained / "imported").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "value"),
    [
        ('self.hyper_parameters = {"features": features}', "self.hyper_parameters = {}", "hyper_parameters"),
        ('self.hyper_parameters = {"features": features}', "pass", "hyper_parameters"),
        ('output = "encoded"', 'output = "pretty"', "output"),
        ("class Announce(L.Callback):", UNREADABLE, "state_dict()"),
        ("import lightning as L", "import lightning as L\nimport no_such_package_at_all", "no_such_package_at_all"),
    ],
)
def test_what_could_not_be_read_back_is_refused_before_the_first_step(
    project: Path, old: str, new: str, value: str
) -> None:
    package = project / "mypackage.py"
    content = package.read_text()
    assert old in content
    package.write_text(content.replace(old, new))
    try:
        told = refused(project, "train", "--config-dir", "myconf", "experiment=gain", *SMALL, "hydra.run.dir=BAD")
    finally:
        package.write_text(content)
    assert value in told
    assert not (project / "BAD" / "checkpoints" / "last.ckpt").exists()
