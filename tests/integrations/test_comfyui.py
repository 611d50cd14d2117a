"""The nodes as ComfyUI calls them, without ComfyUI: its interface is a handful of class attributes and plain calls."""

import inspect

import numpy as np
import OpenEXR
import pytest
import torch

from integrations.comfyui import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS, Expose, Reconstruct, Save
from twostage_hdr import reconstruct


@pytest.mark.parametrize("node", NODE_CLASS_MAPPINGS.values())
def test_every_node_says_what_comfyui_asks(node: type) -> None:
    inputs = node.INPUT_TYPES()
    named = [*inputs["required"], *inputs.get("optional", {})]
    assert list(inspect.signature(getattr(node, node.FUNCTION)).parameters)[1:] == named
    assert isinstance(node.RETURN_TYPES, tuple)
    assert node.RETURN_TYPES or node.OUTPUT_NODE
    for kind in {**inputs["required"], **inputs.get("optional", {})}.values():
        assert kind[0] in ("IMAGE", "FLOAT", "STRING") or isinstance(kind[0], list)


def test_every_node_has_a_name_to_show() -> None:
    assert NODE_CLASS_MAPPINGS.keys() == NODE_DISPLAY_NAME_MAPPINGS.keys()


def test_frames_come_out_as_reconstruct_gives_them() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (2, 16, 24, 3)).astype(np.uint8)
    image = torch.from_numpy(frames / np.float32(255))
    (linear,) = Reconstruct().run(image, response="declared", lights=0.0, precision="fp32", weights="two_stage")
    expected = np.stack([reconstruct(frame, weights="two_stage", precision="fp32") for frame in frames])
    np.testing.assert_allclose(linear.numpy(), expected, rtol=1e-5, atol=1e-6)


def test_two_stops_down_a_quarter_of_the_light_is_shown() -> None:
    (shown,) = Expose().run(torch.full((1, 2, 2, 3), 4.0), stops=-2.0)
    torch.testing.assert_close(shown, torch.ones(1, 2, 2, 3))


def test_files_are_numbered_and_hold_the_image(tmp_path) -> None:
    image = torch.rand(2, 8, 6, 3) * 5
    said = Save(tmp_path).run(image, format="exr", name="shot")
    assert said["ui"]["text"] == ["shot_00001.exr", "shot_00002.exr"]
    with OpenEXR.File(str(tmp_path / "shot_00002.exr")) as file:
        np.testing.assert_allclose(file.channels()["RGB"].pixels, image[1].numpy(), rtol=1e-3)
    assert Save(tmp_path).run(image[:1], format="exr", name="shot")["ui"]["text"] == ["shot_00003.exr"]
