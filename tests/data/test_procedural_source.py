import subprocess
import sys

import numpy as np
import pytest
import torch

from tests.refusal import refusal_of
from twostage_hdr.camera.virtual_camera import VirtualCamera
from twostage_hdr.data.procedural.interior import render_interior
from twostage_hdr.data.procedural_source import SCENE_KINDS, SMALLEST_SIDE, ProceduralSource, render_scene
from twostage_hdr.data.window import Window
from twostage_hdr.errors import InputError


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


def scene(seed: int, height: int = 96, width: int = 128) -> torch.Tensor:
    return render_scene(height=height, width=width, rng=np.random.default_rng(seed))


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert all(torch.equal(scene(seed), scene(seed)) for seed in range(6))


def test_another_process_gives_the_same_bytes() -> None:
    code = (
        "import hashlib, numpy as np; from twostage_hdr.data.procedural_source import render_scene;"
        "print(hashlib.sha256(render_scene(height=40, width=40, rng=np.random.default_rng(3)).numpy().tobytes())"
        ".hexdigest())"
    )
    runs = {subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout for _ in range(2)}
    assert len(runs) == 1


def test_other_seeds_give_other_pictures() -> None:
    pictures = [scene(seed, 32, 32) for seed in range(12)]
    assert all(not torch.equal(a, b) for i, a in enumerate(pictures) for b in pictures[:i])


def test_neither_numpys_nor_torchs_global_generator_plays_a_part() -> None:
    torch.manual_seed(1)
    np.random.seed(1)
    first = scene(5)
    torch.manual_seed(2)
    np.random.seed(2)
    assert torch.equal(first, scene(5))


@pytest.mark.parametrize("seed", range(16))
def test_every_scene_is_finite_not_negative_and_not_flat(seed: int) -> None:
    picture = scene(seed)
    assert picture.shape == (3, 96, 128)
    assert picture.dtype == torch.float32
    assert bool(torch.isfinite(picture).all())
    assert float(picture.min()) >= 0
    assert float(picture.std(dim=(1, 2)).min()) > 0


@pytest.mark.parametrize("size", [(16, 16), (16, 97), (83, 17), (33, 64)])
@pytest.mark.parametrize("kind", SCENE_KINDS)
def test_every_kind_renders_at_any_size(kind: object, size: tuple[int, int]) -> None:
    for seed in range(3):
        picture = kind(*size, np.random.default_rng(seed))  # type: ignore[operator]
        assert picture.shape == (3, *size)
        assert picture.dtype == np.float32, "a stray float64 doubles the time"
        assert np.isfinite(picture).all()
        assert picture.min() >= 0


@pytest.mark.slow
def test_most_scenes_span_ten_stops_or_more() -> None:
    stops = []
    for seed in range(40):
        brightest = scene(seed, 160, 200).amax(0)
        stops.append(float(torch.log2(brightest.max() / brightest.quantile(0.01))))
    assert np.mean(np.array(stops) >= 10) >= 0.75
    assert min(stops) > 2


def test_every_kind_comes_up() -> None:
    drawn = [int(np.random.default_rng(seed).integers(len(SCENE_KINDS))) for seed in range(60)]
    assert set(drawn) == set(range(len(SCENE_KINDS)))
    # The kind is the first draw, so this seed has to give an interior.
    seed = drawn.index(SCENE_KINDS.index(render_interior))
    rng = np.random.default_rng(seed)
    rng.integers(len(SCENE_KINDS))
    # The lens glow spreads a fiftieth of the light at most, so the two agree on what is where.
    without_glow = torch.from_numpy(render_interior(48, 48, rng)).log1p().flatten()
    assert float(torch.corrcoef(torch.stack([without_glow, scene(seed, 48, 48).log1p().flatten()]))[0, 1]) > 0.98


def test_there_is_detail_down_to_the_pixel_nearly_everywhere() -> None:
    for seed in range(8):
        logarithm = torch.log(scene(seed) + 1e-4)[1]
        steps = (logarithm[:, 1:] - logarithm[:, :-1]).abs()
        assert float((steps > 1e-4).float().mean()) > 0.75


def test_a_picture_too_small_to_render_is_refused() -> None:
    with refusal_of("data.procedural", "15x40", SMALLEST_SIDE):
        scene(0, SMALLEST_SIDE - 1, 40)


@pytest.mark.parametrize(
    "settings",
    [{"count": 10**12}, {"height": 10**6}, {"height": 30_000, "width": 30_000}, {"seed": -1}, {"cap": 0.0},
     {"cap": float("nan")}],
)  # fmt: skip
def test_what_no_machine_can_draw_is_refused_before_anything_is(clean_camera: VirtualCamera, settings: dict) -> None:
    with pytest.raises(InputError) as refused:
        ProceduralSource(camera=clean_camera, **settings)
    assert refused.value.cure
