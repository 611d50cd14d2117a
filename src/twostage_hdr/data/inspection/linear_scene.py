"""All checks of one linear HDR scene: a file of a folder, a generated one, or the reference of a photograph."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from twostage_hdr.data.hdr_folder import HdrFolderSource
from twostage_hdr.data.inspection.agreement import LEAST_CORRELATION, fit_response, response_problem
from twostage_hdr.data.inspection.dynamic_range import HARDLY_HDR, clipped_share, has_eight_bit_content, range_in_stops
from twostage_hdr.data.inspection.finding import SceneRecord
from twostage_hdr.data.pair_source import PairSource, linearise
from twostage_hdr.data.patches import FixedCameraImages
from twostage_hdr.data.procedural_source import ProceduralSource
from twostage_hdr.data.scene import Scene
from twostage_hdr.data.thumbnails import exposed_preview, sheet_picture, thumbnail
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.hdr import read_hdr
from twostage_hdr.radiometry.exposure_stack import reference_frame
from twostage_hdr.radiometry.gamma import encode_gamma


@dataclass(frozen=True, kw_only=True)
class LinearInspector:
    """Callable on a scene, in any process.

    Args:
        source: the folder, the generator or the pairs.
        patch_size: report images smaller than this, px.
        seed: of the cameras.
    """

    source: HdrFolderSource | ProceduralSource | PairSource
    patch_size: int
    seed: int

    def __call__(self, scene: Scene) -> SceneRecord:
        """Reads the scene; an unreadable file is a finding, never an exception."""
        record = SceneRecord(scene=scene.id)
        try:
            linear, notes = self._read(scene)
        except InputError as error:
            file = scene.id
            if isinstance(self.source, PairSource):
                file = Path(error.subject).relative_to(self.source.root).as_posix()
            record.refuse(file, error)
            return record
        for note in notes:
            if "negative" in note:
                record.add(record.scene, note, "render it again without ringing, if there are many", harmful=False)
        pixels = np.ascontiguousarray(linear.permute(1, 2, 0).numpy())
        height, width = pixels.shape[:2]
        record.size = (height, width)
        if float(pixels.max()) == 0:
            record.add(record.scene, "all black", "exclude it")
            return record
        self._content(record, pixels)
        record.thumbnail = thumbnail(exposed_preview(linear))
        record.digest = hashlib.sha256(pixels.tobytes()).hexdigest()
        self._photograph(record, scene, pixels)
        return record

    def _read(self, scene: Scene) -> tuple[Tensor, tuple[str, ...]]:
        if not isinstance(self.source, HdrFolderSource):
            return self.source.read(scene), ()
        image = read_hdr(self.source.root / scene.id)
        return self.source.usable_part(scene, image.pixels), image.notes

    def _content(self, record: SceneRecord, pixels: np.ndarray) -> None:
        if has_eight_bit_content(pixels):
            problem = "no more than 256 different values: an 8-bit picture"
            record.add(record.scene, problem, "exclude it, it holds no HDR")
        record.stops = range_in_stops(pixels)
        if record.stops < HARDLY_HDR:
            problem = f"{record.stops:.1f} stops: an ordinary photograph would hold it"
            record.add(record.scene, problem, "nothing needs to be done; it teaches little", harmful=False)
        if min(pixels.shape[:2]) < self.patch_size:
            problem = f"{pixels.shape[1]}x{pixels.shape[0]} px, less than the patches of {self.patch_size} px"
            cure = "lower patch_size, or expect edges continued by their last pixel"
            record.add(record.scene, problem, cure, harmful=False)

    def _photograph(self, record: SceneRecord, scene: Scene, pixels: np.ndarray) -> None:
        """The photograph that validation and test would use."""
        triple = FixedCameraImages(self.source, [scene], seed=self.seed)[0]
        frame = np.rint(reference_frame(triple.ldr).permute(1, 2, 0).numpy() * 255).astype(np.uint8)
        encoded = triple.reference16.permute(1, 2, 0).numpy()
        record.peak = float(encoded.max())
        record.clipped = {"camera": clipped_share(frame)}
        record.scatter_from("camera", encoded, frame / np.float32(255))
        record.sheet = sheet_picture(np.ascontiguousarray(frame), pixels)
        if isinstance(self.source, PairSource):
            light = encode_gamma(linearise(triple.ldr, self.source.response)).permute(1, 2, 0).numpy()
            fit = fit_response(encoded, light)
            if fit and (problem := response_problem(fit)):
                cure = "state the frames' curve (data.source.response, gamma, scale), or exclude the scene"
                record.add(record.scene, problem, cure, harmful=fit.correlation < LEAST_CORRELATION)
