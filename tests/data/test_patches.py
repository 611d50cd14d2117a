from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch.utils.data import BatchSampler

from twostage_hdr.camera.virtual_camera import VirtualCamera
from twostage_hdr.data.patches import EpochSampler, FixedCameraImages, PatchDataset
from twostage_hdr.data.procedural_source import ProceduralSource
from twostage_hdr.data.scene import Scene
from twostage_hdr.data.triple import Triple
from twostage_hdr.data.window import Window


class Recorder:
    """A source that notes what it is asked for; its triple is an image of numbered pixels."""

    cap = 10.0

    def __init__(self) -> None:
        self.asked: list[tuple[Scene, Window | None, float]] = []

    def scenes(self) -> Sequence[Scene]:
        return [Scene(str(number), str(number)) for number in range(5)]

    def triple(self, scene: Scene, rng: np.random.Generator, window: Window | None) -> Triple:
        self.asked.append((scene, window, rng.random()))
        image = torch.arange(48.0).reshape(3, 4, 4)
        return Triple(image, image + 100, image + 200, scene.id, torch.tensor(1.0))


def dataset(
    source: object, *, fresh: bool = False, flips: bool = False, zoom: float = 1.0, seed: int = 0
) -> PatchDataset:
    return PatchDataset(
        source, source.scenes(), count=40, patch_size=16, crop_size=8, flips=flips, fresh=fresh, zoom=zoom, seed=seed
    )


def asked(key: tuple[int, int], **settings: object) -> tuple[Scene, Window, float]:
    source = Recorder()
    dataset(source, **settings)[key]
    return source.asked[0]


def test_a_sample_is_a_pure_function_of_seed_epoch_and_index(noisy_camera: VirtualCamera) -> None:
    source = ProceduralSource(camera=noisy_camera, count=3, height=24, width=32)
    first = dataset(source, fresh=True, flips=True, zoom=2.0)
    second = dataset(
        ProceduralSource(camera=noisy_camera, count=3, height=24, width=32), fresh=True, flips=True, zoom=2.0
    )
    expected = first[3, 7]
    second[0, 0], second[3, 8]  # what was asked before leaves no trace
    again = second[3, 7]
    assert all(torch.equal(a, b) for a, b in zip(expected[:3], again[:3], strict=True))
    assert expected.scene == again.scene
    for other in (first[4, 7], first[3, 8], dataset(source, fresh=True, flips=True, zoom=2.0, seed=1)[3, 7]):
        assert not torch.equal(other.ldr, expected.ldr)


def test_fixed_patches_keep_scene_place_and_camera_and_move_only_the_crop() -> None:
    (scene, window, camera), (later_scene, later, later_camera) = asked((0, 7)), asked((9, 7))
    assert (scene, window.patch_at, camera) == (later_scene, later.patch_at, later_camera)
    assert window.crop_at != later.crop_at


def test_fresh_patches_move_everything() -> None:
    (_, window, camera), (_, later, later_camera) = asked((0, 7), fresh=True), asked((9, 7), fresh=True)
    assert window.patch_at != later.patch_at
    assert window.crop_at != later.crop_at
    assert camera != later_camera


def test_all_scenes_and_places_are_drawn_evenly() -> None:
    source = Recorder()
    samples = dataset(source, fresh=True)
    for epoch in range(20):
        for index in range(40):
            samples[epoch, index]
    chosen = [scene.id for scene, _, _ in source.asked]
    # 800 draws of 5 scenes: 160 expected each, standard deviation 11.
    assert all(110 < chosen.count(str(number)) < 210 for number in range(5))
    for place in ("patch_at", "crop_at"):
        drawn = np.array([getattr(window, place) for _, window, _ in source.asked])
        # The mean of 800 uniform numbers: 0.5 within five standard deviations of 0.0102.
        np.testing.assert_allclose(drawn.mean(0), 0.5, atol=0.051)
        assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.18


@pytest.mark.parametrize("zoom", [1.0, 4.0])
def test_the_zoom_is_log_uniform_from_one(zoom: float) -> None:
    drawn = np.log([asked((0, index), zoom=zoom)[1].zoom for index in range(40)])
    assert drawn.min() >= 0
    assert drawn.max() <= np.log(zoom)
    # Forty draws: the mean is half the range within five standard deviations of 0.0456 of it.
    assert abs(drawn.mean() - np.log(zoom) / 2) <= 0.23 * np.log(zoom)


def test_flips_mirror_all_three_images_alike_and_all_four_ways_occur() -> None:
    plain = torch.arange(48.0).reshape(3, 4, 4)
    ways = {axes: torch.flip(plain, axes) for axes in ((), (-1,), (-2,), (-1, -2))}
    seen = set()
    samples = dataset(Recorder(), flips=True)
    for index in range(40):
        triple = samples[0, index]
        seen |= {axes for axes, image in ways.items() if torch.equal(image, triple.ldr)}
        assert torch.equal(triple.reference8, triple.ldr + 100)
        assert torch.equal(triple.reference16, triple.ldr + 200)
    assert seen == set(ways)


def test_without_flips_none_occurs() -> None:
    samples = dataset(Recorder())
    assert all(torch.equal(samples[0, index].ldr, torch.arange(48.0).reshape(3, 4, 4)) for index in range(40))


def test_frozen_images_are_whole_and_hang_on_the_scene_not_on_its_place(
    noisy_camera: VirtualCamera,
) -> None:
    source = ProceduralSource(camera=noisy_camera, count=4, height=24, width=32)
    scenes = source.scenes()
    forward, backward = FixedCameraImages(source, scenes, seed=0), FixedCameraImages(source, scenes[::-1], seed=0)
    assert len(forward) == 4
    assert forward[1].ldr.shape == (3, 24, 32)
    assert torch.equal(forward[1].ldr, backward[2].ldr)
    assert torch.equal(forward[1].ldr, forward[1].ldr)
    assert not torch.equal(forward[1].ldr, FixedCameraImages(source, scenes, seed=1)[1].ldr)


# The order of an epoch.


def keys(*, count: int = 40, epoch: int = 2, skip: int = 0, rank: int = 0, processes: int = 1) -> list[tuple[int, int]]:
    sampler = EpochSampler(count=count, seed=5, rank=rank, processes=processes)
    sampler.set_epoch(epoch)
    sampler.skip = skip
    return list(sampler)


def test_an_epoch_visits_every_sample_once_in_an_order_of_its_own() -> None:
    assert sorted(keys()) == [(2, index) for index in range(40)]
    assert keys() == keys()
    assert [index for _, index in keys()] != [index for _, index in keys(epoch=3)]
    assert [index for _, index in keys()] != list(range(40))


@pytest.mark.parametrize(("count", "processes", "batch"), [(40, 2, 4), (40, 4, 2), (43, 2, 4), (41, 3, 3)])
def test_the_ranks_batches_together_are_the_batches_of_a_single_process(count: int, processes: int, batch: int) -> None:
    alone = list(BatchSampler(keys(count=count), batch * processes, drop_last=True))
    ranks = [
        list(BatchSampler(keys(count=count, rank=rank, processes=processes), batch, drop_last=True))
        for rank in range(processes)
    ]
    assert {len(batches) for batches in ranks} == {len(alone)}
    for whole, *parts in zip(alone, *ranks, strict=True):
        assert sorted(whole) == sorted(key for part in parts for key in part)


def test_every_rank_has_as_many_samples_as_the_sampler_says() -> None:
    for rank in range(3):
        assert len(keys(count=41, rank=rank, processes=3)) == 13
        assert len(EpochSampler(count=41, seed=0, rank=rank, processes=3)) == 13


def test_skipped_keys_are_the_first_ones() -> None:
    assert keys(skip=12) == keys()[12:]
