import numpy as np
import torch

from experiments.multi_shot.__main__ import COLUMNS, bracket, camera, merged, table
from tests.data.conftest import write_radiance
from twostage_hdr.camera.bracket_camera import BracketCamera
from twostage_hdr.data.hdr_folder import HdrFolderSource
from twostage_hdr.inference.reconstruct import ReconstructOptions, load_reconstructor
from twostage_hdr.networks.two_stage import TwoStageNetwork
from twostage_hdr.radiometry.exposure_stack import reference_frame
from twostage_hdr.radiometry.gamma import decode_gamma


def _source(tmp_path) -> HdrFolderSource:
    across, down = np.meshgrid(np.linspace(-3, 3, 96), np.linspace(0, 6, 64))
    light = np.exp(np.stack([np.sin(across * 3) + across, np.cos(down * 4) + across, across], axis=-1))
    write_radiance(tmp_path / "scene.hdr", light.astype(np.float32))
    still = camera(False)
    assert isinstance(still, BracketCamera)
    return HdrFolderSource(root=str(tmp_path), camera=still)


def test_the_reference_frame_is_the_same_at_rest_and_in_motion(tmp_path) -> None:
    source = _source(tmp_path)
    still, moved = (bracket(source, "scene.hdr", motion=motion) for motion in (False, True))
    torch.testing.assert_close(reference_frame(still.ldr), reference_frame(moved.ldr))
    torch.testing.assert_close(still.reference16, moved.reference16)
    assert not torch.equal(still.ldr[1], moved.ldr[1])


def test_our_merge_of_a_scene_at_rest_gives_its_light(tmp_path) -> None:
    still = bracket(_source(tmp_path), "scene.hdr", motion=False)
    light = decode_gamma(still.reference16)
    usual = (light > 0.05).all(0) & (light < 2).all(0)
    single = load_reconstructor(TwoStageNetwork(features=8, growth=4), ReconstructOptions(device="cpu"))
    error = (merged(single, 3)(still) / light - 1).abs()[:, usual]
    assert error.median() < 0.02


def test_the_table_has_a_line_for_each_method() -> None:
    scores = dict.fromkeys(COLUMNS, 1.0)
    text = table({"a": {"static": scores, "motion": scores}, "b": {"static": scores, "motion": scores}})
    assert len(text.splitlines()) == 4
    assert "| a | 1.00 |" in text
