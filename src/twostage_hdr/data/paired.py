"""Frames and HDR references side by side on disk: folders by a pattern, or a list in a CSV."""

import math
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from twostage_hdr.boundary.refusal import printable
from twostage_hdr.boundary.structured_text import read_csv
from twostage_hdr.data.hdr_folder import read_exclude_list
from twostage_hdr.data.inspection.agreement import find_shift, is_shifted
from twostage_hdr.data.pair_source import SRGB, Pair, PairSource, linearise, read_frame
from twostage_hdr.data.scene import Scene
from twostage_hdr.data.triple import channels_first
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.hdr import HDR_READERS, read_hdr
from twostage_hdr.imaging.ldr import PHOTOGRAPHS
from twostage_hdr.radiometry.gain import median_gain, well_exposed
from twostage_hdr.radiometry.gamma import encode_gamma
from twostage_hdr.radiometry.luminance import luminance
from twostage_hdr.radiometry.photometry import REFERENCE_CAP
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB

FIT = "fit"
"""The scale that is measured on each pair."""
_NAMED_AT_MOST = 3  # of what a refusal counts


class PairedSource(PairSource):
    """LDR frames, each with an HDR reference of the same size.

    Args:
        root: the folder.
        ldr: pattern of the frames below it: `%` is the scene's name, wherever it stands, and `*` anything in a name.
        hdr: the same for the references, of any format that `read_hdr` reads.
        pairs: a CSV with the columns `ldr`, `hdr` and, if wanted, `scene` and `place`, instead of the patterns; its
            files are below the root.
        scale: reference * scale is 1.0 where the frame clips. `fit` measures it on each pair: the median ratio of
            the luminances where the frame is well exposed.
        gamma: power that makes the references' values linear; 1 for what is linear as read.
        response: how the frames are encoded, `srgb` or a gamma; for `fit`, and for networks that ask.
        aligned: refuse pairs that are shifted against each other (`LARGEST_SHIFT`); False takes them as they are.
        cap: highest encoded reference value.
        cache_mb: memory for decoded pairs in each process, in MiB.
        exclude: file with scenes to leave out, one per line.

    Raises:
        InputError: no such folder or pair, a frame or reference without its partner, a setting that cannot work.
    """

    def __init__(
        self,
        *,
        root: str,
        ldr: str = "ldr/%.*",
        hdr: str = "hdr/%.*",
        pairs: str | None = None,
        scale: str | float = FIT,
        gamma: float = 1.0,
        response: str | float = SRGB,
        aligned: bool = True,
        cap: float = REFERENCE_CAP,
        cache_mb: int = 1024,
        exclude: str | None = None,
    ) -> None:
        for name, value, word in (("scale", scale, FIT), ("response", response, SRGB), ("gamma", gamma, 1.0)):
            if value != word and not (isinstance(value, int | float) and 0 < value < math.inf):
                raise InputError(f"data.source.{name}={value}", f"expected a number above 0, or {word}")
        left_out = read_exclude_list(exclude)
        found = _listed(Path(root), Path(pairs)) if pairs else _partners(Path(root), ldr, hdr, left_out)
        self._files = {scene: files for scene, files in found.items() if scene.id not in left_out}
        super().__init__(root=root, scenes=list(self._files), response=response, cap=cap, cache_mb=cache_mb)
        if not self._files:
            raise InputError(f"data.root={root}", f"no frame {ldr}, or no reference {hdr}", "correct the patterns")
        self.scale, self.gamma, self.aligned = scale, gamma, aligned

    def files(self, scene: Scene) -> list[Path]:
        """The frame and its reference."""
        return list(self._files[scene])

    def pair(self, scene: Scene) -> Pair:
        """Both files on the frame's scale.

        Raises:
            InputError: unreadable, of different sizes, shifted, or without a pixel that the scale could be fitted on.
        """
        frame, reference = self._files[scene]
        ldr, linear = channels_first(read_frame(frame)) / 255, channels_first(read_hdr(reference).pixels) ** self.gamma
        if ldr.shape != linear.shape:
            (height, width), (rows, columns) = ldr.shape[1:], linear.shape[1:]
            seen = f"{width}x{height} px, its reference {reference} {columns}x{rows}"
            raise InputError(frame, seen, "give both one size, or exclude the scene")
        scale = self._fitted(frame, ldr, linear) if isinstance(self.scale, str) else float(self.scale)
        clipped = encode_gamma(linear * scale).clamp(max=1)
        shift = find_shift(clipped.permute(1, 2, 0).numpy(), ldr.permute(1, 2, 0).numpy()) if self.aligned else None
        if shift and is_shifted(shift):
            seen = f"shifted {shift.right:+.1f}, {shift.down:+.1f} px against its reference {reference}"
            raise InputError(frame, seen, "align both, exclude the scene, or give data.source.aligned=false")
        return Pair(ldr, linear * scale, scale)

    def _fitted(self, frame: Path, ldr: EncodedRGB, reference: LinearRGB) -> float:
        light = linearise(ldr, self.response)
        gain, pixels = median_gain(luminance(light).double(), luminance(reference).double(), well_exposed(light))
        if not pixels:
            seen = "no well-exposed pixel whose reference has light, so its scale cannot be fitted"
            raise InputError(frame, seen, "give data.source.scale=NUMBER, or exclude the scene")
        return float(gain)


def _partners(root: Path, ldr: str, hdr: str, left_out: Collection[str]) -> dict[Scene, tuple[Path, Path]]:
    """Frame and reference of each scene that both patterns find."""
    frames, references = _by_pattern(root, "ldr", ldr, PHOTOGRAPHS), _by_pattern(root, "hdr", hdr, HDR_READERS)
    for kind, ours, others in (("reference", frames, references), ("frame", references, frames)):
        alone = sorted(ours.keys() - others.keys() - set(left_out))
        if alone and others:
            cure = "add the missing files, or name the scenes in data.source.exclude"
            raise InputError(
                f"data.root={root}", f"no {kind} for {len(alone)} of {len(ours)} scenes: {_some(alone)}", cure
            )
    names = sorted(frames.keys() & references.keys())
    return {Scene(name, name.rpartition("/")[0] or name): (frames[name], references[name]) for name in names}


def _by_pattern(root: Path, setting: str, pattern: str, suffixes: Collection[str]) -> Mapping[str, Path]:
    """The files of a pattern by their scenes' names."""
    named = f"data.source.{setting}={pattern}"
    if "%" not in pattern:
        raise InputError(named, "no % for the scene's name", "write it as in ldr/%.png")
    first, *others = (re.escape(part).replace(r"\*", "[^/]*") for part in pattern.split("%"))
    regex = re.compile(f"{first}(?P<scene>.+)" + "(?P=scene)".join(others))
    files: dict[str, Path] = {}
    for path in sorted((root / re.split("[%*]", pattern)[0].rpartition("/")[0]).rglob("*")):
        match = regex.fullmatch(path.relative_to(root).as_posix())
        if match and path.suffix.lower() in suffixes and not path.name.startswith("."):
            before = files.setdefault(match["scene"], path)
            if before != path:
                raise InputError(named, f"takes both {before.name} and {path.name}", "narrow the pattern")
    return files


def _listed(root: Path, path: Path) -> dict[Scene, tuple[Path, Path]]:
    """Frame and reference of each line of a CSV."""
    files: dict[Scene, tuple[Path, Path]] = {}
    for row in read_csv(path, ["ldr", "hdr"], cure="give a CSV with the columns ldr, hdr (and scene, place)"):
        name = row.get("scene") or Path(row["ldr"]).with_suffix("").as_posix()
        if any(scene.id == name for scene in files):
            raise InputError(path, f"the scene {printable(name)} is there twice", "give each pair a scene of its own")
        files[Scene(name, row.get("place") or name)] = (root / row["ldr"], root / row["hdr"])
    missing = [str(file) for pair in files.values() for file in pair if not file.is_file()]
    if missing:
        raise InputError(path, f"{len(missing)} of its files are missing: {_some(missing)}", "correct it, or data.root")
    return files


def _some(names: list[str]) -> str:
    return printable(", ".join(names[:_NAMED_AT_MOST])) + (", ..." if len(names) > _NAMED_AT_MOST else "")
