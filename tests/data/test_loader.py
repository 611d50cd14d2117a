import pickle

import pytest
import torch

from twostage_hdr.camera.virtual_camera import VirtualCamera
from twostage_hdr.data.loader import ResumableLoader
from twostage_hdr.data.patches import EpochSampler, PatchDataset
from twostage_hdr.data.procedural_source import ProceduralSource


def loader(camera: VirtualCamera, workers: int = 0, epoch: int = 1) -> ResumableLoader:
    """Ten batches of two."""
    source = ProceduralSource(camera=camera, count=3, height=24, width=32)
    dataset = PatchDataset(
        source, source.scenes(), count=21, patch_size=16, crop_size=8, flips=True, fresh=True, zoom=1.0, seed=0
    )
    made = ResumableLoader(
        dataset,
        sampler=EpochSampler(count=21, seed=0),
        batch_size=2,
        drop_last=True,
        num_workers=workers,
        persistent_workers=workers > 0,
    )
    made.sampler.set_epoch(epoch)
    return made


def frames(batches: object) -> list[torch.Tensor]:
    return [batch.ldr for batch in batches]


def assert_same(one: list[torch.Tensor], other: list[torch.Tensor]) -> None:
    assert len(one) == len(other)
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("done", [0, 1, 7])
def test_a_restored_loader_goes_on_exactly_where_the_saved_one_was(
    noisy_camera: VirtualCamera, done: int, workers: int
) -> None:
    whole = frames(loader(noisy_camera))
    assert len(whole) == 10
    interrupted = loader(noisy_camera, workers)
    batches = iter(interrupted)
    for _ in range(done):
        next(batches)
    state = pickle.loads(pickle.dumps(interrupted.state_dict())) if done else {"epoch": 1, "batches": 0}
    restored = loader(noisy_camera, workers)
    restored.load_state_dict(state)
    assert_same(frames(restored), whole[done:])
    # The pass after that is a whole one again.
    assert_same(frames(restored), whole)


def test_the_state_counts_from_the_epochs_start_also_after_resuming(noisy_camera: VirtualCamera) -> None:
    restored = loader(noisy_camera)
    restored.load_state_dict({"epoch": 1, "batches": 4})
    batches = iter(restored)
    next(batches)
    assert restored.state_dict() == {"epoch": 1, "batches": 5}


def test_a_state_from_an_earlier_epoch_skips_nothing(noisy_camera: VirtualCamera) -> None:
    # A run that stops after some batches of each epoch saves at the epoch's end; the next epoch begins at its start.
    restored = loader(noisy_camera, epoch=2)
    restored.load_state_dict({"epoch": 1, "batches": 4})
    assert_same(frames(restored), frames(loader(noisy_camera, epoch=2)))


def test_a_batch_that_was_handed_out_but_not_trained_on_is_handed_out_again(noisy_camera: VirtualCamera) -> None:
    interrupted = loader(noisy_camera)
    interrupted.trained = lambda: 2
    batches = iter(interrupted)
    for _ in range(3):
        next(batches)
    restored = loader(noisy_camera)
    restored.load_state_dict(interrupted.state_dict())
    assert_same(frames(restored), frames(loader(noisy_camera))[2:])
