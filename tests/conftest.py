"""Every test runs with the package's shapes and dtypes checked, single-threaded, offline."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType

os.environ.setdefault("WANDB_MODE", "offline")
os.environ.setdefault("WANDB_SILENT", "true")

# A shell that starts the tests in the background has them, and all they start, ignore Ctrl-C; some tests send it.
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)

import jaxtyping
from beartype import BeartypeConf, beartype
from jaxtyping import install_import_hook

# An int is a float in annotations (PEP 484); beartype has to be told so, and the hook takes its checker by name only.
_checker = ModuleType("beartype_with_numeric_tower")
_checker.check = beartype(conf=BeartypeConf(is_pep484_tower=True))  # type: ignore[attr-defined]
sys.modules[_checker.__name__] = _checker
# Not in cli: typer hands the verbs a context of another class than the one by which it recognises the argument.
PACKAGES = [path.stem for path in (Path(__file__).parents[1] / "src" / "twostage_hdr").iterdir() if path.stem != "cli"]
install_import_hook([f"twostage_hdr.{name}" for name in PACKAGES], "beartype_with_numeric_tower.check")

import numpy as np  # noqa: E402
import pytest  # noqa: E402
import torch  # noqa: E402

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.fixture
def untyped() -> Iterator[None]:
    """Without the checks of shapes, which TorchInductor cannot trace."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture
def write_clip() -> Callable[..., Path]:
    """Makes a small video with PyAV's own encoder; the test is skipped where PyAV is missing."""
    av = pytest.importorskip("av")

    def write_clip(
        path: Path,
        frames: list[np.ndarray],
        *,
        rate: int = 10,
        transfer: int = 1,
        sound: str = "",
        pixel_aspect: Fraction = Fraction(1),
    ) -> Path:
        """Frames (H, W, 3) uint8 as nearly lossless H.264 of BT.709, with a second of silence if asked."""
        height, width = frames[0].shape[:2]
        with av.open(str(path), "w") as file:
            stream = file.add_stream("libx264", rate=rate, options={"crf": "1"})
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv444p"
            stream.codec_context.sample_aspect_ratio = pixel_aspect
            stream.codec_context.color_trc, stream.codec_context.colorspace = transfer, 1
            stream.codec_context.color_primaries, stream.codec_context.color_range = 1, 1
            track = file.add_stream(sound, rate=48000) if sound else None
            for number, pixels in enumerate(frames):
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv444p", dst_colorspace=1)
                frame.pts, frame.time_base = number, Fraction(1, rate)
                frame.color_trc, frame.colorspace, frame.color_range = transfer, 1, 1
                file.mux(stream.encode(frame))
            file.mux(stream.encode(None))
            if track is not None:
                silence = av.AudioFrame.from_ndarray(np.zeros((2, 48000), np.float32), format="fltp", layout="stereo")
                silence.sample_rate, silence.pts, silence.time_base = 48000, 0, Fraction(1, 48000)
                resampler = av.AudioResampler(format=track.codec_context.format, layout="stereo", rate=48000)
                for piece in resampler.resample(silence):
                    file.mux(track.encode(piece))
                file.mux(track.encode(None))
        return path

    return write_clip
