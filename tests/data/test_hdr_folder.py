import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tests.refusal import refusal_of
from twostage_hdr.camera.virtual_camera import VirtualCamera
from twostage_hdr.data.hdr_folder import HdrFolderSource, read_exclude_list
from twostage_hdr.data.scene import Scene
from twostage_hdr.data.window import Window


def write_panorama(path: Path, height: int = 20) -> np.ndarray:
    """Each row has its own value, so that rows tell where they come from."""
    pixels = np.broadcast_to(2.0 ** np.arange(height)[:, None, None] / 2.0**10, (height, 2 * height, 3))
    assert cv2.imwrite(str(path), np.ascontiguousarray(pixels, dtype=np.float32))
    return pixels[:, 0, 0]


def rows_of(source: HdrFolderSource, name: str) -> np.ndarray:
    return source.read(Scene(name, "any"))[0, :, 0].numpy()


def test_ids_are_paths_below_the_root_and_groups_are_folders(hdr_tree: Path, clean_camera: VirtualCamera) -> None:
    scenes = HdrFolderSource(root=str(hdr_tree), camera=clean_camera).scenes()
    assert [(scene.id, scene.group) for scene in scenes] == [
        ("a.hdr", "a"),
        ("b.hdr", "b"),
        ("c.hdr", "c"),
        ("church/1.hdr", "church"),
        ("church/2.hdr", "church"),
    ]


def test_a_file_is_read_as_another_program_wrote_it(hdr_tree: Path, clean_camera: VirtualCamera) -> None:
    source = HdrFolderSource(root=str(hdr_tree), camera=clean_camera)
    other = cv2.imread(str(hdr_tree / "b.hdr"), cv2.IMREAD_UNCHANGED)[:, :, ::-1]
    np.testing.assert_allclose(source.read(Scene("b.hdr", "b")).numpy().transpose(1, 2, 0), other, rtol=1e-2)


def test_a_triple_is_a_pure_function_of_scene_generator_and_window(hdr_tree: Path, noisy_camera: VirtualCamera) -> None:
    source = HdrFolderSource(root=str(hdr_tree), camera=noisy_camera)
    uncached = HdrFolderSource(root=str(hdr_tree), camera=noisy_camera, cache_mb=0)
    scene, window = source.scenes()[0], Window(16, 8, (0.5, 0.5))
    first = source.triple(scene, np.random.default_rng(4), window)
    for again in (source, uncached):
        same = again.triple(scene, np.random.default_rng(4), window)
        assert all(torch.equal(a, b) for a, b in zip(first[:3], same[:3], strict=True))
    other = source.triple(scene, np.random.default_rng(5), window)
    assert not torch.equal(first.ldr, other.ldr)


def test_the_cap_of_the_references_is_the_sources(hdr_tree: Path, clean_camera: VirtualCamera) -> None:
    source = HdrFolderSource(root=str(hdr_tree), camera=clean_camera, cap=1.25)
    triple = source.triple(source.scenes()[0], np.random.default_rng(0), None)
    assert float(triple.reference16.max()) == 1.25


# Which rows of a panorama are used.


def test_a_panorama_is_used_without_its_stretched_poles(tmp_path: Path, clean_camera: VirtualCamera) -> None:
    rows = write_panorama(tmp_path / "p.hdr")
    np.testing.assert_allclose(rows_of(HdrFolderSource(root=str(tmp_path), camera=clean_camera), "p.hdr"), rows[4:16])
    whole = HdrFolderSource(root=str(tmp_path), camera=clean_camera, panoramas=False)
    np.testing.assert_allclose(rows_of(whole, "p.hdr"), rows)


def test_the_manifest_says_what_is_a_panorama_a_sky_and_a_place(tmp_path: Path, clean_camera: VirtualCamera) -> None:
    rows = write_panorama(tmp_path / "sky.hdr")
    for name in ("flat.hdr", "told.hdr", "unlisted.hdr"):
        write_panorama(tmp_path / name)
    (tmp_path / "manifest.csv").write_text(
        "file,panorama,place_group,note\n"
        "sky.hdr,yes,park,Sky-only map: lower half is synthetic\n"
        "flat.hdr,no,park,2:1 by chance\n"
        "told.hdr,,,\n"
    )
    source = HdrFolderSource(root=str(tmp_path), camera=clean_camera)
    np.testing.assert_allclose(rows_of(source, "sky.hdr"), rows[4:10])
    np.testing.assert_allclose(rows_of(source, "flat.hdr"), rows)
    np.testing.assert_allclose(rows_of(source, "told.hdr"), rows[4:16])
    groups = {scene.id: scene.group for scene in source.scenes()}
    assert groups == {"sky.hdr": "park", "flat.hdr": "park", "told.hdr": "told", "unlisted.hdr": "unlisted"}


@pytest.mark.parametrize(
    ("content", "seen"), [(b"name,panorama\na.hdr,yes\n", "name, panorama"), (b"file\n\xff\n", "UTF-8")]
)
def test_a_manifest_that_cannot_be_used_is_refused(
    hdr_tree: Path, clean_camera: VirtualCamera, content: bytes, seen: str
) -> None:
    (hdr_tree / "manifest.csv").write_bytes(content)
    with refusal_of(hdr_tree / "manifest.csv", seen):
        HdrFolderSource(root=str(hdr_tree), camera=clean_camera)


def test_the_real_images_have_places_and_skies_as_their_manifest_says(
    shared: Path, clean_camera: VirtualCamera
) -> None:
    source = HdrFolderSource(root=str(shared / "hdr"), camera=clean_camera)
    scenes = {scene.id: scene for scene in source.scenes()}
    with (shared / "hdr" / "manifest.csv").open(newline="", encoding="utf-8") as file:
        places = {row["file"]: row["place_group"] for row in csv.DictReader(file)}
    assert {name: scene.group for name, scene in scenes.items()} == places
    assert len(set(places.values())) < len(places)
    sky = source.read(scenes["sunflowers_puresky_1k.hdr"])
    assert sky.shape == (3, 256 - 102, 1024)
    assert float(sky.min()) >= 0


# Which files are HDR images.


def test_a_16_bit_png_counts_only_with_its_scale_and_both_namings_are_known(
    tmp_path: Path, clean_camera: VirtualCamera
) -> None:
    stored = np.random.default_rng(0).integers(0, 65535, (6, 8, 3)).astype(np.uint16)
    for name in ("0001_gt", "mine_hdr", "plain", "without_scale"):
        cv2.imwrite(str(tmp_path / f"{name}.png"), stored[:, :, ::-1])
    for name in ("0001", "mine", "plain"):
        np.save(tmp_path / f"{name}_alignratio.npy", 6000.0)
    source = HdrFolderSource(root=str(tmp_path), camera=clean_camera)
    assert [scene.id for scene in source.scenes()] == ["0001_gt.png", "mine_hdr.png", "plain.png"]
    for scene in source.scenes():
        expected = (stored.transpose(2, 0, 1) / 6000.0) ** 2.24
        np.testing.assert_allclose(source.read(scene), expected, rtol=1e-4)


def test_hidden_files_other_files_and_excluded_ones_are_left_out(
    hdr_tree: Path, tmp_path: Path, clean_camera: VirtualCamera
) -> None:
    (hdr_tree / ".a.hdr").write_bytes((hdr_tree / "a.hdr").read_bytes())
    (hdr_tree / "readme.txt").write_text("no image")
    (hdr_tree / "folder.hdr").mkdir()
    (tmp_path / "exclude.txt").write_text("church/1.hdr\nb.hdr # blurred\n")
    source = HdrFolderSource(root=str(hdr_tree), camera=clean_camera, exclude=str(tmp_path / "exclude.txt"))
    assert [scene.id for scene in source.scenes()] == ["a.hdr", "c.hdr", "church/2.hdr"]


def test_a_missing_or_empty_folder_is_refused(tmp_path: Path, clean_camera: VirtualCamera) -> None:
    with refusal_of(f"data.root={tmp_path / 'nowhere'}"):
        HdrFolderSource(root=str(tmp_path / "nowhere"), camera=clean_camera)
    with refusal_of(f"data.root={tmp_path}", ".hdr", ".exr"):
        HdrFolderSource(root=str(tmp_path), camera=clean_camera)


def test_a_damaged_image_is_named_when_it_is_read(hdr_tree: Path, clean_camera: VirtualCamera) -> None:
    (hdr_tree / "a.hdr").write_bytes(b"#?RADIANCE\n")
    source = HdrFolderSource(root=str(hdr_tree), camera=clean_camera)
    with refusal_of(hdr_tree / "a.hdr"):
        source.triple(source.scenes()[0], np.random.default_rng(0), None)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_an_exclude_list_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "exclude.txt"
    if content is not None:
        path.write_bytes(content)
    with refusal_of(path, "data.source.exclude"):
        read_exclude_list(str(path))


@pytest.mark.parametrize(
    ("height", "width", "first", "last"),
    [(500, 1000, 100, 400), (5, 10, 1, 4), (500, 999, 0, 500), (40, 20, 0, 40)],
)
def test_only_of_images_of_two_to_one_are_the_stretched_poles_left_out(
    hdr_tree: Path, clean_camera: VirtualCamera, height: int, width: int, first: int, last: int
) -> None:
    # Rows 20-80 % lie within 54 degrees of the horizon, where the stretch 1 / cos(latitude) is below 1.71.
    pixels = np.arange(height, dtype=np.float32)[:, None, None].repeat(width, 1).repeat(3, 2)
    source = HdrFolderSource(root=str(hdr_tree), camera=clean_camera)
    used = source.usable_part(Scene("any", "any"), pixels)[0, :, 0]
    assert used.tolist() == list(range(first, last))


def test_of_a_sky_the_synthetic_lower_half_is_left_out(hdr_tree: Path, clean_camera: VirtualCamera) -> None:
    (hdr_tree / "manifest.csv").write_text("file,note\na.hdr,a sky-only map\n")
    source = HdrFolderSource(root=str(hdr_tree), camera=clean_camera)
    pixels = np.zeros((500, 1000, 3), np.float32)
    heights = [source.usable_part(Scene(name, name), pixels).shape[1] for name in ("a.hdr", "b.hdr")]
    assert heights == [150, 300]
