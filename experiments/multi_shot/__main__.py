"""Several exposures or one: `python -m experiments.multi_shot --root HDR --splits FILE [--networks TITLE=WEIGHTS]`."""

import argparse
import json
import tempfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from twostage_hdr.camera.bracket_camera import BracketCamera, BracketMotion
from twostage_hdr.camera.exposure import ClippedShareExposure
from twostage_hdr.camera.noise import SensorNoise
from twostage_hdr.camera.response import GammaResponse
from twostage_hdr.data.capture import capture_triple
from twostage_hdr.data.hdr_folder import HdrFolderSource
from twostage_hdr.data.scene import Scene
from twostage_hdr.data.triple import Triple
from twostage_hdr.evaluation.protocol import score_image
from twostage_hdr.inference.bracket.reconstruct_bracket import BracketOptions, merge_bracket
from twostage_hdr.inference.reconstruct import ReconstructOptions, Reconstructor, load_reconstructor
from twostage_hdr.inference.weights import load_weights
from twostage_hdr.radiometry.exposure_stack import reference_frame
from twostage_hdr.radiometry.gamma import decode_gamma
from twostage_hdr.radiometry.photometry import REFERENCE_CAP

STOPS = (0.0, -2.0, 2.0)
COLUMNS = ("psnr", "mu_psnr", "pu21_psnr", "stops_error_clipped")
HEIGHT, WIDTH = 256, 384
"""Of the middle of a scene that is scored, px."""

REFERENCE_ALONE = ("reference frame", "single shot")
"""Rows that see nothing of the other frames."""

Method = Callable[[Triple], Tensor]


def camera(motion: bool) -> BracketCamera:
    """HdM's response and exposures, with the sensor's noise."""
    return BracketCamera(
        exposure=ClippedShareExposure(low=0.05, high=0.20),
        response=GammaResponse(),
        noise=SensorNoise(),
        stops=STOPS,
        motion=BracketMotion(shift=3.0, turn=0.1, patch=0.3, travel=0.3) if motion else None,
    )


def bracket(source: HdrFolderSource, name: str, *, motion: bool) -> Triple:
    """The middle of a scene; the reference frame is the same with and without motion."""
    linear = source.read(Scene(name, name))
    top, left = (max(side - wanted, 0) // 2 for side, wanted in zip(linear.shape[-2:], (HEIGHT, WIDTH), strict=True))
    part = linear[:, top : top + HEIGHT, left : left + WIDTH]
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    return capture_triple(part, camera(motion), rng, window=None, cap=REFERENCE_CAP, scene=name)


def pixels(frame: Tensor) -> np.ndarray:
    """A frame (3, H, W) as 8-bit pixels (H, W, 3)."""
    return np.ascontiguousarray((frame * 255).round().to(torch.uint8).permute(1, 2, 0).numpy())


def frames(triple: Triple) -> list[np.ndarray]:
    """The frames as files would hold them, the reference first."""
    return [pixels(frame[0]) for frame in triple.ldr]


def to_tensor(linear: np.ndarray) -> Tensor:
    """(H, W, 3) to (3, H, W)."""
    return torch.from_numpy(np.ascontiguousarray(linear.transpose(2, 0, 1))).float()


def opencv(kind: str) -> Method:
    """Response and merge of [debevec1997] or [robertson2003], after alignment by median threshold bitmaps."""

    def method(triple: Triple) -> Tensor:
        images = aligned(frames(triple))
        times = np.array([2.0**stop for stop in STOPS], np.float32)
        calibrate, merge = getattr(cv2, f"createCalibrate{kind}")(), getattr(cv2, f"createMerge{kind}")()
        response = calibrate.process(images, times)
        return to_tensor(np.nan_to_num(merge.process(images, times, response)) / response[255])

    return method


def aligned(images: Sequence[np.ndarray]) -> list[np.ndarray]:
    """OpenCV's own alignment, to the first frame."""
    grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in images]
    mtb = cv2.createAlignMTB()
    return [mtb.shiftMat(image, mtb.calculateShift(grey[0], other)) for image, other in zip(images, grey, strict=True)]


def merged(reconstructor: Reconstructor, count: int) -> Method:
    """`reconstruct --bracket` on the first frames, response 2.24 known."""

    def method(triple: Triple) -> Tensor:
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / f"{place}.png" for place in range(count)]
            for path, image in zip(paths, frames(triple), strict=False):
                Image.fromarray(image).save(path)
            found = merge_bracket(paths, BracketOptions(stops=STOPS[:count], reference="1", gamma=2.24))
        return to_tensor(np.concatenate(list(found.rows(reconstructor))))

    return method


def several_shots(weights: str) -> Method:
    """A network of several shots."""
    network = load_weights(weights)

    def method(triple: Triple) -> Tensor:
        with torch.inference_mode():
            result = network(triple.ldr[None])[0]
        return decode_gamma(result) if network.output == "encoded" else result

    return method


def mertens(still: Triple, moved: Triple) -> float:
    """PSNR of exposure fusion [mertens2009fusion] against that of the frames at rest: it has no scale of light."""
    fuse = cv2.createMergeMertens()
    wanted, given = (np.clip(fuse.process(aligned(frames(triple))), 0, 1) for triple in (still, moved))
    return float(-10 * np.log10(np.mean((wanted - given) ** 2)))


def table(rows: dict[str, dict[str, dict[str, float]]]) -> str:
    """Markdown: a line a method, static and with motion beside one another."""
    titles = ("PSNR", "μ-PSNR", "PU21-PSNR", "clipped, stops")
    heads = [f"{kind}: {title}" for kind in ("at rest", "motion") for title in titles]
    lines = [f"| method | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for name, kinds in rows.items():
        cells = [f"{kinds[kind][column]:.2f}" for kind in ("static", "motion") for column in COLUMNS]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", required=True)
    parser.add_argument("--splits", type=Path, required=True)
    parser.add_argument("--scenes", type=int, default=12)
    parser.add_argument("--networks", nargs="*", default=[], metavar="TITLE=WEIGHTS")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    arguments = parser.parse_args()
    source = HdrFolderSource(root=arguments.root, camera=camera(False))
    names = json.loads(arguments.splits.read_text())["test"]
    names = names[:: max(1, len(names) // arguments.scenes)][: arguments.scenes]
    running = ReconstructOptions(device="cpu", precision="fp32")
    single, gamma = (load_reconstructor(weights, running) for weights in (None, "two_stage_gamma"))
    methods: dict[str, Method] = {
        "reference frame": lambda triple: decode_gamma(reference_frame(triple.ldr)),
        "single shot (default weights)": lambda triple: to_tensor(single.image(frames(triple)[0])),
        "single shot (weights for this camera)": lambda triple: to_tensor(gamma.image(frames(triple)[0])),
        "Debevec": opencv("Debevec"),
        "Robertson": opencv("Robertson"),
        "our merge, 2 frames": merged(single, 2),
        "our merge, 3 frames": merged(single, 3),
    }
    methods |= {
        title: several_shots(weights) for title, _, weights in (one.rpartition("=") for one in arguments.networks)
    }
    rows: dict[str, dict[str, dict[str, float]]] = {name: {} for name in methods}
    brackets = {
        kind: [bracket(source, name, motion=kind == "motion") for name in names] for kind in ("static", "motion")
    }
    for kind, triples in brackets.items():
        for name, method in methods.items():
            if name.startswith(REFERENCE_ALONE) and "static" in rows[name]:
                rows[name][kind] = rows[name]["static"]  # the reference frame is the same
                continue
            scores = [score_image(reference_frame(one.ldr), one.reference16, method(one)) for one in triples]
            rows[name][kind] = {column: float(np.nanmean([score[column] for score in scores])) for column in COLUMNS}
            print(kind, name, {column: round(value, 2) for column, value in rows[name][kind].items()}, flush=True)
    fused = [mertens(still, moved) for still, moved in zip(brackets["static"], brackets["motion"], strict=True)]
    arguments.out.mkdir(parents=True, exist_ok=True)
    facts = {"scenes": names, "stops": STOPS, "mertens_psnr_motion": float(np.mean(fused)), "rows": rows}
    (arguments.out / "table.json").write_text(json.dumps(facts, indent=1))
    (arguments.out / "table.md").write_text(table(rows))
    print(table(rows), f"Mertens, motion against rest: {np.mean(fused):.2f} dB")


if __name__ == "__main__":
    main()
