"""The nodes as ComfyUI calls them, without ComfyUI: its interface is a handful of class attributes and plain calls."""

import inspect
import sys
from types import ModuleType

import imagecodecs
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


def test_ultra_hdr_lands_in_comfyuis_output_folder(tmp_path, monkeypatch) -> None:
    folder_paths = ModuleType("folder_paths")
    folder_paths.get_output_directory = lambda: str(tmp_path)
    monkeypatch.setitem(sys.modules, "folder_paths", folder_paths)
    light = torch.linspace(0.2, 4, 64).expand(64, 64)[None, :, :, None].repeat(1, 1, 1, 3)
    (said,) = Save().run(light, format="ultrahdr", name="../shot")["ui"]["text"]
    assert [path.name for path in tmp_path.iterdir()] == [said]
    shown = imagecodecs.ultrahdr_decode((tmp_path / said).read_bytes(), dtype="float16")[0, :, :3]
    np.testing.assert_allclose(shown, light[0, 0], rtol=0.1)


def test_an_alpha_channel_is_left_out_and_the_bar_moves_with_every_frame(monkeypatch) -> None:
    moved = []

    class ProgressBar:
        def __init__(self, total: int) -> None:
            moved.append(total)

        def update(self, value: int) -> None:
            moved.append(-value)

    utils = ModuleType("comfy.utils")
    utils.ProgressBar = ProgressBar
    monkeypatch.setitem(sys.modules, "comfy", ModuleType("comfy"))
    monkeypatch.setitem(sys.modules, "comfy.utils", utils)
    image = torch.rand(2, 8, 8, 4)
    choices = {"response": "declared", "lights": 0.0, "precision": "fp32", "weights": "two_stage"}
    (linear,) = Reconstruct().run(image, **choices)
    torch.testing.assert_close(linear, Reconstruct().run(image[..., :3], **choices)[0])
    assert moved == [2, -1, -1, 2, -1, -1]
