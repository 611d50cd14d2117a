import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from experiments.multi_shot.__main__ import table
from experiments.multi_shot.brackets import STOPS, bracket, camera, scenes_of
from experiments.multi_shot.methods import AlignedNetwork, OpenCvMerge, OurMerge, frames, mtb_aligned
from tests.data.conftest import write_radiance
from twostage_hdr.data.hdr_folder import HdrFolderSource
from twostage_hdr.data.triple import Triple
from twostage_hdr.evaluation.results import Results
from twostage_hdr.evaluation.run import evaluate
from twostage_hdr.inference.reconstruct import ReconstructOptions, load_reconstructor
from twostage_hdr.networks.multi_shot import MultiShotNetwork
from twostage_hdr.networks.two_stage import TwoStageNetwork
from twostage_hdr.radiometry.exposure_stack import reference_frame
from twostage_hdr.radiometry.gamma import decode_gamma


@pytest.fixture
def source(tmp_path: Path) -> HdrFolderSource:
    across, down = np.meshgrid(np.linspace(-3, 3, 96), np.linspace(0, 6, 64))
    light = np.exp(np.stack([np.sin(across * 3) + across, np.cos(down * 4) + across, across], axis=-1))
    write_radiance(tmp_path / "scene.hdr", light.astype(np.float32))
    return HdrFolderSource(root=str(tmp_path), camera=camera(motion=False))


def _bracket(source: HdrFolderSource, *, motion: bool) -> Triple:
    return bracket(source, source.scenes()[0], motion=motion)


def _merge(count: int) -> OurMerge:
    single = load_reconstructor(TwoStageNetwork(features=8, growth=4), ReconstructOptions(device="cpu"))
    return OurMerge(name=f"merge_{count}", title=f"{count} frames", count=count, reconstructor=single)


def _error(method: OurMerge | OpenCvMerge | AlignedNetwork, triple: Triple) -> torch.Tensor:
    """Relative, where the middle frame is well exposed."""
    light = decode_gamma(triple.reference16)
    usual = (light > 0.05).all(0) & (light < 0.9).all(0)
    return (method.reconstruct(triple.ldr, scene="scene.hdr") / light - 1).abs()[:, usual]


def test_the_reference_frame_is_the_same_at_rest_and_in_motion(source: HdrFolderSource) -> None:
    still, moved = (_bracket(source, motion=motion) for motion in (False, True))
    torch.testing.assert_close(reference_frame(still.ldr), reference_frame(moved.ldr))
    torch.testing.assert_close(still.reference16, moved.reference16)
    assert not torch.equal(still.ldr[1], moved.ldr[1])


def test_our_merge_of_a_scene_at_rest_gives_its_light(source: HdrFolderSource) -> None:
    assert _error(_merge(3), _bracket(source, motion=False)).median() < 0.02


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("kind", ["Debevec", "Robertson"])
def test_opencvs_merges_give_the_light_of_the_middle_frames_scale(
    source: HdrFolderSource, kind: str, known: bool
) -> None:
    method = OpenCvMerge(name=kind, title=kind, kind=kind, known=known)
    assert _error(method, _bracket(source, motion=False)).median() < 0.2


def test_opencvs_alignment_takes_a_known_shift_back() -> None:
    """Of the content by 5 px right and 3 px down: what is brought back lies over the first frame."""
    picture = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 255, (200, 260, 3), np.uint8), (0, 0), 4)
    picture = cv2.normalize(picture, None, 0, 255, cv2.NORM_MINMAX)
    images = [picture[20:180, 20:240], picture[17:177, 15:235]]
    _, back = mtb_aligned(images)
    np.testing.assert_array_equal(back[10:-10, 10:-10], images[0][10:-10, 10:-10])


def test_a_network_sees_the_frames_aligned(source: HdrFolderSource) -> None:
    network = MultiShotNetwork(features=8, growth=4, identity_start=True)  # returns the merged photograph
    method = AlignedNetwork(network=network, name="n", title="N")
    assert _error(method, _bracket(source, motion=False)).median() < 0.02


def test_frames_are_the_codes_that_the_camera_gave(source: HdrFolderSource) -> None:
    triple = _bracket(source, motion=False)
    first = frames(triple.ldr)[0]
    assert len(frames(triple.ldr)) == len(STOPS)
    torch.testing.assert_close(torch.from_numpy(first).permute(2, 0, 1) / 255, reference_frame(triple.ldr))


def test_the_table_has_both_kinds_and_what_sets_methods_apart_from_our_merge(source, tmp_path) -> None:
    rows = evaluate([_merge(2), _merge(3)], [_bracket(source, motion=True)], tmp_path / "out")
    text = table({kind: Results(rows, [], {"note": "21.00 dB"}) for kind in ("static", "motion")})
    assert "## At rest" in text
    assert "## In motion" in text
    line = next(line for line in text.splitlines() if line.startswith(("| LDR input | +", "| LDR input | -")))
    wanted = rows[0].scores["psnr"].mean - rows[2].scores["psnr"].mean
    assert f"{wanted:+.2f}" in line
    assert "21.00 dB" in text


def test_scenes_are_those_of_the_part_of_the_splits(source: HdrFolderSource, tmp_path: Path) -> None:
    (tmp_path / "splits.json").write_text(json.dumps({"test": ["scene.hdr"], "val": ["other.hdr"]}))
    assert [scene.id for scene in scenes_of(source, tmp_path / "splits.json")] == ["scene.hdr"]
    assert not scenes_of(source, tmp_path / "splits.json", "val")
