"""What is published: a wheel and a source distribution that work away from the checkout."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--outdir", str(out), str(ROOT)], check=True, capture_output=True)
    return out


def test_both_describe_themselves_as_the_index_wants(dist: Path) -> None:
    files = [str(path) for path in dist.iterdir()]
    assert {Path(file).suffix for file in files} == {".whl", ".gz"}
    subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *files], check=True, capture_output=True)


def test_the_wheel_reconstructs_and_trains_away_from_the_checkout(dist: Path, tmp_path: Path) -> None:
    """In an environment that holds the wheel and, read from here, what it depends on."""
    home = tmp_path / "env"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    (wheel,) = dist.glob("*.whl")
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run(str(python), "-m", "pip", "install", "--quiet", "--no-deps", str(wheel))
    site = Path(run(str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    place = run(str(python), "-c", "import twostage_hdr; print(twostage_hdr.__file__)").strip()
    assert place.startswith(str(site))
    Image.fromarray(np.full((8, 6, 3), 200, np.uint8)).save(tmp_path / "photo.png")
    run(str(home / "bin" / "twostage-hdr"), "reconstruct", "photo.png", "--to", "exr")
    assert (tmp_path / "photo.exr").is_file()
    assert "experiment" in run(str(home / "bin" / "twostage-hdr"), "train", "--help")
