"""Every reader of files, once, with a valid file of each kind that it reads, made here."""

from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import tifffile
from PIL import Image

from tests.fuzz.run_targets import RUN_TARGETS
from tests.fuzz.target import Target
from tests.imaging.apple_photographs import write_heic, write_jpeg
from tests.imaging.conftest import XMP, exif_block
from tests.imaging.gain_map_files import adobe_jpeg, apple_exif, apple_jpeg, iso_jpeg, iso_metadata
from tests.imaging.test_camera_raw import write_dng
from twostage_hdr.boundary.regular_file import read_bytes
from twostage_hdr.camera.exposure import ClippedShareExposure
from twostage_hdr.camera.response import GammaResponse
from twostage_hdr.camera.virtual_camera import VirtualCamera
from twostage_hdr.cli.convert import find_hdr_files
from twostage_hdr.cli.info import facts_of
from twostage_hdr.data.gain_map import GainMapSource
from twostage_hdr.data.hdm import HdmSource
from twostage_hdr.data.hdr_folder import MANIFEST, HdrFolderSource
from twostage_hdr.data.kalantari import KalantariSource
from twostage_hdr.data.paired import PairedSource
from twostage_hdr.data.scene import Scene
from twostage_hdr.data.sequences import read_sequences
from twostage_hdr.data.store.frames import HdmFrames
from twostage_hdr.evaluation.color_video_vdp import read_scores
from twostage_hdr.imaging.avif import AVIF
from twostage_hdr.imaging.challenge_png import (
    read_alignratio,
    read_challenge_as_linear,
    read_challenge_png,
    write_challenge_pair,
)
from twostage_hdr.imaging.chromaticities import DISPLAY_P3, REC709
from twostage_hdr.imaging.colour_profile import rgb_profile
from twostage_hdr.imaging.exif import PictureInfo, read_exif_exposure
from twostage_hdr.imaging.exr import read_exr, write_exr
from twostage_hdr.imaging.hdr import read_hdr
from twostage_hdr.imaging.jpegxl import JPEG_XL
from twostage_hdr.imaging.ldr import read_ldr
from twostage_hdr.imaging.photograph import read_photograph
from twostage_hdr.imaging.pq_png import PNG
from twostage_hdr.imaging.radiance import RADIANCE, read_radiance
from twostage_hdr.imaging.tiff import TIFF, read_tiff
from twostage_hdr.imaging.ultra_hdr import ULTRA_HDR, own_base

ISO = iso_metadata([(0, 2, 1, 0, 0)], headroom=2)
LIGHT = (np.random.default_rng(3).random((19, 23, 3), dtype=np.float32) * 1.5) ** 5 * 8
INFO = PictureInfo(exif=exif_block(), xmp=XMP)
CODES = np.random.default_rng(4).integers(0, 256, (19, 23, 3), dtype=np.uint8)


def _pillow(mode: str = "RGB", **options: object) -> Callable[[Path], None]:
    return lambda path: Image.fromarray(CODES).convert(mode).save(path, **options)


def _png16(path: Path) -> None:
    path.write_bytes(imagecodecs.png_encode(CODES.astype(np.uint16) * 257))


def _pair(path: Path) -> None:
    write_challenge_pair(path, path.with_name("a_alignratio.npy"), LIGHT)


def _scale(path: Path) -> None:
    np.save(path, np.float64(4000))


def _png_beside_scale(path: Path) -> None:
    _pair(path.with_name("a_gt.png"))
    _scale(path)


def _read_with_scale(path: Path) -> object:
    return read_challenge_png(path.with_name("a_gt.png"), path)


def _write_hdm(path: Path) -> None:
    """A scene in the challenge's layout."""
    _pair(path.with_name("0_gt.png"))
    path.with_name("a_alignratio.npy").rename(path.with_name("0_alignratio.npy"))
    for exposure in ("short", "medium", "long"):
        Image.fromarray(CODES).save(path.with_name(f"0_{exposure}.png"))
    np.save(path.with_name("0_exposures.npy"), np.array([-2.0, 0.0, 2.0]))


def _read_hdm(path: Path) -> object:
    frames = HdmFrames(HdmSource(root=str(path.parent)))
    scene = Scene("0", "0")
    return frames.size(scene), frames.whole(scene, 0)


def _write_folder(path: Path) -> None:
    path.with_name(MANIFEST).write_text("file,place_group,panorama,note\na.hdr,hall,yes,sky-only\n", encoding="utf-8")
    path.with_name("exclude.txt").write_text("# seen twice\nb.hdr # too dark\n", encoding="utf-8")
    for name in ("a.hdr", "b.hdr"):
        RADIANCE.save(path.with_name(name), LIGHT)


def _read_folder(path: Path) -> object:
    camera = VirtualCamera(exposure=ClippedShareExposure(), response=GammaResponse())
    source = HdrFolderSource(root=str(path.parent), camera=camera, exclude=str(path.with_name("exclude.txt")))
    return [source.read(scene) for scene in source.scenes()]


def _write_kalantari(path: Path) -> None:
    """A bracket of three TIFFs with its reference."""
    for number in range(3):
        _tiff16(path.with_name(f"{number}.tif"))
    path.with_name("exposure.txt").write_text("-2\n0\n2\n", encoding="utf-8")
    RADIANCE.save(path.with_name("HDRImg.hdr"), LIGHT)


def _read_kalantari(path: Path) -> object:
    source = KalantariSource(root=str(path.parent))
    return source.triple(source.scenes()[0], np.random.default_rng(0), None)


def _write_pairs(path: Path) -> None:
    """A list of one pair."""
    Image.fromarray(CODES).save(path.with_name("a.png"))
    RADIANCE.save(path.with_name("a.hdr"), LIGHT)
    path.with_name("pairs.csv").write_text("ldr,hdr,scene,place\na.png,a.hdr,a,hall\n", encoding="utf-8")


def _read_pairs(path: Path) -> object:
    source = PairedSource(root=str(path.parent), pairs=str(path.with_name("pairs.csv")), scale=0.25)
    return source.triple(source.scenes()[0], np.random.default_rng(0), None)


def _read_gain_maps(path: Path) -> object:
    source = GainMapSource(root=str(path.parent))
    return source.triple(source.scenes()[0], np.random.default_rng(0), None)


def _found(path: Path) -> object:
    return find_hdr_files([str(path.parent)])


def _tiff16(path: Path) -> None:
    tifffile.imwrite(path, CODES.astype(np.uint16) * 257, photometric="rgb", compression="lzw")


def _tiff_planar(path: Path, pixels: np.ndarray = LIGHT) -> None:
    tifffile.imwrite(path, np.moveaxis(pixels, -1, 0).copy(), photometric="rgb", planarconfig="separate")


def _heic(path: Path) -> None:
    import pillow_heif

    pillow_heif.from_pillow(Image.fromarray(np.tile(CODES, (4, 4, 1)))).save(path)


def _write_with(path: Path, info: PictureInfo) -> None:
    for write, suffix in ((write_exr, ".exr"), (TIFF.save, ".tif"), (ULTRA_HDR.save, ".jpg"), (PNG.save, ".png")):
        write(path.with_suffix(suffix), LIGHT, info=info)


def _write_exif(path: Path) -> None:
    _write_with(path, PictureInfo(exif=read_bytes(path)))


def _write_xmp(path: Path) -> None:
    _write_with(path, PictureInfo(xmp=read_bytes(path)))


def _light_and_info(path: Path) -> object:
    photograph = read_photograph(path)
    return photograph.info, photograph.linear()


def _exr(**options: object) -> Callable[[Path], None]:
    return lambda path: write_exr(path, LIGHT, **options)


TARGETS: dict[str, Target] = {
    **RUN_TARGETS,
    "photographs": Target(
        read_ldr,
        ["imaging.ldr", "imaging.png_chunks", "imaging.colour_profile", "imaging.camera_raw"],
        {
            "a.jpg": _pillow(),
            "cmyk.jpg": _pillow("CMYK"),
            "progressive.jpg": _pillow(progressive=True),
            "a.png": _pillow(),
            "palette.png": _pillow("P"),
            "deep.png": _png16,
            "a.gif": _pillow("P"),
            "a.bmp": _pillow(),
            "a.tif": _pillow(compression="tiff_lzw"),
            "deep.tif": _tiff16,
            "planar.tif": lambda path: _tiff_planar(path, CODES.astype(np.uint16)),
            "a.webp": _pillow(),
            "a.avif": _pillow(),
            "a.heic": _heic,
            "a.dng": write_dng,
        },
    ),
    "photographs with HDR, gamut and metadata": Target(
        _light_and_info,
        [
            f"imaging.{name}"
            for name in ("photograph", "photograph_metadata", "embedded_gain_map", "colour_codes", "hdr_signal")
        ],
        {
            "ultra.jpg": lambda path: ULTRA_HDR.save(path, LIGHT, info=INFO),
            "iso.jpg": lambda path: path.write_bytes(iso_jpeg(CODES, CODES, ISO)),
            "adobe.jpg": lambda path: path.write_bytes(adobe_jpeg(CODES, CODES, 'hdrgm:GainMapMax="2">')),
            "apple.jpg": lambda path: path.write_bytes(apple_jpeg(CODES, CODES[:, :, 0], apple_exif(0.8, 0.005))),
            "apple.heic": write_heic,
            "mpo.jpg": write_jpeg,
            "a.avif": lambda path: AVIF.save(path, LIGHT, info=INFO),
            "a.jxl": lambda path: JPEG_XL.save(path, LIGHT, info=INFO),
            "pq.png": lambda path: PNG.save(path, LIGHT, info=INFO),
            "p3.png": _pillow(icc_profile=rgb_profile(DISPLAY_P3), exif=apple_exif(0.8, 0.005)),
            "ordinary.jxl": lambda path: path.write_bytes(imagecodecs.jpegxl_encode(CODES)),
            "described.tif": lambda path: Image.fromarray(CODES).save(path, exif=apple_exif(0.8, 0.005)),
        },
    ),
    "Radiance": Target(read_radiance, ["imaging.radiance"], {"a.hdr": lambda path: RADIANCE.save(path, LIGHT)}),
    "OpenEXR": Target(
        read_exr,
        ["imaging.exr"],
        {
            "a.exr": _exr(),
            "none.exr": _exr(compression="none", half=False, white_nits=100.0),
            "piz.exr": _exr(compression="piz"),
            "dwaa.exr": _exr(compression="dwaa"),
            "b44.exr": _exr(compression="b44"),
        },
    ),
    "TIFF": Target(
        read_tiff,
        ["imaging.tiff"],
        {
            "a.tif": lambda path: TIFF.save(path, LIGHT),
            "planar.tif": _tiff_planar,
        },
    ),
    "challenge PNG": Target(read_challenge_as_linear, ["imaging.challenge_png"], {"a_gt.png": _pair}),
    "alignratio": Target(read_alignratio, [], {"a_alignratio.npy": _scale}),
    "alignratio beside its PNG": Target(_read_with_scale, [], {"b_alignratio.npy": _png_beside_scale}),
    "PQ PNG": Target(read_hdr, [], {"a.png": lambda path: PNG.save(path, LIGHT, info=INFO)}),
    "photograph as a base": Target(
        lambda path: own_base(path, REC709, (23, 19), comments=False),
        [],
        {"a.jpg": _pillow(), "progressive.jpg": _pillow(progressive=True, exif=b"Exif\0\0" + exif_block())},
    ),
    "EXIF of a result": Target(_write_exif, [], {"a.exif": lambda path: path.write_bytes(exif_block())}),
    "XMP of a result": Target(_write_xmp, [], {"a.xmp": lambda path: path.write_bytes(XMP)}),
    "Ultra HDR": Target(read_hdr, ["imaging.ultra_hdr"], {"a.jpg": lambda path: ULTRA_HDR.save(path, LIGHT)}),
    "AVIF": Target(read_hdr, ["imaging.avif"], {"a.avif": lambda path: AVIF.save(path, LIGHT)}),
    "JPEG XL": Target(read_hdr, ["imaging.jpegxl"], {"a.jxl": lambda path: JPEG_XL.save(path, LIGHT)}),
    "info": Target(
        facts_of,
        ["imaging.hdr"],
        {
            "a.hdr": lambda path: RADIANCE.save(path, LIGHT),
            "a.exr": _exr(half=False),
            "a.tif": lambda path: TIFF.save(path, LIGHT),
        },
    ),
    "HdM scene": Target(
        _read_hdm,
        ["data.hdm"],
        dict.fromkeys(("0_exposures.npy", "0_medium.png", "0_alignratio.npy"), _write_hdm),
    ),
    "manifest": Target(_read_folder, ["data.hdr_folder"], {MANIFEST: _write_folder, "exclude.txt": _write_folder}),
    "sequences": Target(
        lambda path: read_sequences(path, ["a", "b"]),
        ["data.sequences"],
        {"a.csv": lambda path: path.write_text("scene,sequence\na,1\nb,1\n")},
    ),
    "scores of cvvdp": Target(
        lambda path: read_scores(path, 2),
        ["evaluation.color_video_vdp"],
        {"a.csv": lambda path: path.write_text("test, reference, cvvdp\ntest0.exr, r, 9.5\ntest1.exr, r, 8\n")},
    ),
    "bracket": Target(_read_kalantari, ["data.kalantari"], dict.fromkeys(("exposure.txt", "1.tif"), _write_kalantari)),
    "pairs": Target(_read_pairs, ["data.paired"], dict.fromkeys(("pairs.csv", "a.png"), _write_pairs)),
    "gain maps": Target(_read_gain_maps, ["data.gain_map"], {"a.jpg": lambda path: ULTRA_HDR.save(path, LIGHT)}),
    "EXIF": Target(read_exif_exposure, ["imaging.exif"], {"a.jpg": _pillow()}),
    "folders": Target(_found, ["cli.convert"], {"a.jpg": lambda path: ULTRA_HDR.save(path, LIGHT)}),
}

ELSEWHERE = {"imaging.video.video_reader": "tests/imaging/video: its libraries run in a process of their own"}
"""Readers whose mutated files are another test's, and why."""
