import numpy as np
import torch

from twostage_hdr.camera.virtual_camera import VirtualCamera
from twostage_hdr.data.procedural_source import ProceduralSource
from twostage_hdr.data.window import Window


def source(camera: VirtualCamera, seed: int = 0, count: int = 4) -> ProceduralSource:
    return ProceduralSource(camera=camera, count=count, height=24, width=32, seed=seed)


def test_every_scene_is_a_place_of_its_own(clean_camera: VirtualCamera) -> None:
    scenes = source(clean_camera, count=7).scenes()
    assert len({scene.group for scene in scenes}) == len({scene.id for scene in scenes}) == 7


def test_a_scene_hangs_on_the_seed_and_its_number_not_on_how_many_there_are(clean_camera: VirtualCamera) -> None:
    few, many, other = source(clean_camera), source(clean_camera, count=50), source(clean_camera, seed=1)
    scene = few.scenes()[2]
    assert torch.equal(few.read(scene), many.read(scene))
    assert not torch.equal(few.read(scene), other.read(scene))


def test_a_triple_is_photographed_from_the_rendered_scene(clean_camera: VirtualCamera) -> None:
    scenes = source(clean_camera)
    scene = scenes.scenes()[0]
    whole = scenes.triple(scene, np.random.default_rng(0), None)
    assert whole.ldr.shape == (3, 24, 32)
    expected = (scenes.read(scene).double() * float(whole.scale)) ** (1 / 2.24)
    torch.testing.assert_close(whole.reference16.double(), expected.clamp(max=10), rtol=1e-5, atol=1e-6)
    assert scenes.triple(scene, np.random.default_rng(0), Window(16, 8)).ldr.shape == (3, 8, 8)
