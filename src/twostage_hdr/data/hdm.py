"""The HdM HDR set in the layout of the NTIRE 2021 challenge."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from jaxtyping import UInt8, UInt16

from twostage_hdr.boundary.numpy_file import load_npy
from twostage_hdr.data.hdr_folder import read_exclude_list
from twostage_hdr.data.scene import Scene
from twostage_hdr.data.sequences import find_runs, join_returning_shots, read_sequences
from twostage_hdr.data.thumbnails import Thumbnail, thumbnails
from twostage_hdr.data.triple import Triple, channels_first
from twostage_hdr.data.window import Window, fill
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.challenge_png import quantise, read_alignratio, read_challenge_png
from twostage_hdr.imaging.ldr import read_ldr
from twostage_hdr.radiometry.exposure_stack import stack_exposures
from twostage_hdr.radiometry.gamma import HDM_GAMMA
from twostage_hdr.radiometry.photometry import REFERENCE_CAP

Exposure = Literal["short", "medium", "long"]
EXPOSURES: tuple[Exposure, ...] = get_args(Exposure)
MEDIUM = EXPOSURES.index("medium")
_MOST_STOPS = 100
"""Beyond any exposure: float32 itself spans some 250 stops."""


class HdmSource:
    """`{id}_{short,medium,long,gt}.png`, `{id}_alignratio.npy` and `{id}_exposures.npy`, anywhere below a folder.

    Args:
        root: the folder.
        exposure: which frame is the input; `random` draws one per sample; `all` gives the three as an `ExposureStack`,
            the medium one first.
        align: `frame` puts the references on the chosen frame's own scale, so that 1.0 is where it clips; `medium`
            leaves them on the medium frame's, as the files have them, and the network has to find the exposure.
        sequences: CSV with columns `scene,sequence` that says which frames show one shot; without it runs of
            neighbouring ids that look alike are found.
        exclude: file with scene ids to leave out, one per line.

    Attributes:
        cap: the files are not capped, and training sees them as they are; scores cut them as those of other sources.
        unreferenced: frames that were skipped because they have no `_gt.png`.

    Raises:
        InputError: folder missing, no scene in it, unknown exposure or alignment.
    """

    cap = REFERENCE_CAP

    def __init__(
        self,
        *,
        root: str,
        exposure: str = "medium",
        align: str = "frame",
        sequences: str | None = None,
        exclude: str | None = None,
    ) -> None:
        if exposure not in (*EXPOSURES, "random", "all"):
            raise InputError(f"data.source.exposure={exposure}", f"choose one of {', '.join(EXPOSURES)}, random, all")
        if align not in ("frame", "medium"):
            raise InputError(f"data.source.align={align}", "choose one of frame, medium")
        self.root, self.exposure, self.align = Path(root), exposure, align
        if not self.root.is_dir():
            raise InputError(f"data.root={root}", "no such folder", "give the folder that holds the HdM scenes")
        left_out = read_exclude_list(exclude)
        found = (self._id(file) for file in sorted(self.root.rglob("*_gt.png")))
        self._ids = [scene_id for scene_id in found if scene_id not in left_out]
        frames = {self._id(file) for file in self.root.rglob("*_medium.png")}
        self.unreferenced = sorted(frames - set(self._ids) - left_out)
        if not self._ids:
            alone = f"{len(self.unreferenced)} frames without one"
            raise InputError(f"data.root={root}", f"no scene with a reference (NNNN_gt.png) in it or below it, {alone}")
        self._listed = read_sequences(Path(sequences), self._ids) if sequences else None
        self._groups = self._listed
        self._thumbnails: dict[str, Thumbnail] | None = None

    def scenes(self) -> Sequence[Scene]:
        """One scene per reference; frames of one film sequence share a group."""
        if self._groups is None:
            self._groups = self.groups(self.thumbnails())
        return [Scene(scene_id, self._groups[scene_id]) for scene_id in self._ids]

    @property
    def ids(self) -> Sequence[str]:
        """The scenes that have a reference; no image is read for this."""
        return self._ids

    def groups(self, pictures: Mapping[str, Thumbnail]) -> dict[str, str]:
        """The film sequence of each scene that has a picture: as listed, or runs that look alike."""
        if self._listed is not None:
            return {scene_id: self._listed[scene_id] for scene_id in pictures}
        return join_returning_shots(find_runs(list(pictures), pictures), pictures)

    def thumbnails(self) -> dict[str, Thumbnail]:
        """Small pictures of the medium frames, by scene id.

        Raises:
            InputError: a frame cannot be read.
        """
        if self._thumbnails is None:
            medium = {scene_id: self.file(scene_id, "medium.png") for scene_id in self._ids}
            self._thumbnails = thumbnails(self._ids, lambda scene_id: read_ldr(medium[scene_id]).pixels)
        return self._thumbnails

    def file(self, scene_id: str, ending: str) -> Path:
        """One of a scene's files: `medium.png`, `gt.png`, `alignratio.npy`, ..."""
        return self.root / f"{scene_id}_{ending}"

    def triple(self, scene: Scene, rng: np.random.Generator, window: Window | None) -> Triple:
        """The chosen frame with its references, or a window of them.

        Raises:
            InputError: a file of the scene is missing, unreadable or of another size.
        """
        order: tuple[str, ...] = ("medium", "short", "long")
        if self.exposure != "all":
            order = (EXPOSURES[rng.integers(len(EXPOSURES))] if self.exposure == "random" else self.exposure,)
        pixels = read_challenge_png(self.file(scene.id, "gt.png"), self.file(scene.id, "alignratio.npy"))
        images = [channels_first(self.read_frame(scene.id, exposure, pixels.shape)) / 255 for exposure in order]
        images.append(channels_first(pixels))
        stops = [0.0]
        if self.exposure == "all" or self.align == "frame":
            stops = [self.stops(scene.id, exposure) for exposure in order]
        if window is not None:
            rows, columns = window.region(*pixels.shape[:2])
            images = [fill(image[:, rows, columns], window.crop) for image in images]
        *frames, reference = images
        # In the encoded domain: encoded_k = (linear * 2^stops)^(1/gamma), so a change of exposure is a factor here too.
        reference = reference * 2.0 ** (stops[0] / HDM_GAMMA)
        ldr = stack_exposures(frames, stops) if self.exposure == "all" else frames[0]
        return Triple(ldr, reference.clamp(max=1.0), reference, scene.id, torch.tensor(2.0 ** stops[0]))

    def read_stored_reference(self, scene_id: str) -> tuple[UInt16[np.ndarray, "height width 3"], float]:
        """The reference's integers as the file has them, and its alignratio.

        Raises:
            InputError: a file is missing or unreadable.
        """
        beside = self.file(scene_id, "alignratio.npy")
        alignratio = read_alignratio(beside)
        # Dividing and multiplying in float32 errs by less than 0.02, so that rounding gives the file's own integers.
        return quantise(read_challenge_png(self.file(scene_id, "gt.png"), beside), alignratio), alignratio

    def read_frame(
        self, scene_id: str, exposure: str, reference_shape: tuple[int, ...]
    ) -> UInt8[np.ndarray, "height width 3"]:
        """A frame's 8-bit pixels.

        Raises:
            InputError: the file is missing or unreadable, not 8-bit, or of another size than the reference.
        """
        path = self.file(scene_id, f"{exposure}.png")
        frame = read_ldr(path).pixels
        if frame.dtype != np.uint8:
            raise InputError(path, f"{frame.dtype} pixels, HdM frames are 8-bit", "export the frame again")
        if frame.shape != reference_shape:
            (height, width), (rows, columns) = frame.shape[:2], reference_shape[:2]
            seen = f"{width}x{height} px, its reference is {columns}x{rows}"
            raise InputError(path, seen, "exclude the scene or repair the files")
        return frame

    def stops(self, scene_id: str, exposure: str) -> float:
        """How many stops more light a frame got than the medium one.

        Raises:
            InputError: the scene's exposures are missing or make no sense.
        """
        path = self.file(scene_id, "exposures.npy")
        if exposure == "medium":
            return 0.0
        cure = "three exposures in stops are needed (short, medium, long)"
        stops = load_npy(path, at_most=len(EXPOSURES), cure=cure).astype(float).ravel()
        if stops.shape != (3,) or not (np.abs(stops) <= _MOST_STOPS).all():
            raise InputError(path, f"holds {stops.tolist()}", cure)
        return float(stops[EXPOSURES.index(exposure)] - stops[MEDIUM])

    def _id(self, file: Path) -> str:
        return file.relative_to(self.root).as_posix().rsplit("_", 1)[0]
