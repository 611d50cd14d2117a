import cv2
import numpy as np
import pytest
import torch

from tests.refusal import refusal_of
from twostage_hdr.camera.finishing import Resizing, Sharpening

IMAGE = torch.rand(3, 24, 36, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("step", [Resizing(probability=1), Sharpening(probability=1)])
def test_size_and_range_stay(step) -> None:
    after = step(IMAGE, np.random.default_rng(0))
    assert after.shape == IMAGE.shape
    assert 0 <= float(after.min()) <= float(after.max()) <= 1


@pytest.mark.parametrize("step", [Resizing(probability=0), Sharpening(probability=0)])
def test_a_share_of_none_changes_nothing(step) -> None:
    assert torch.equal(step(IMAGE, np.random.default_rng(0)), IMAGE)


def test_a_detour_over_a_smaller_picture_takes_detail_away() -> None:
    after = Resizing(least=0.5, probability=1)(IMAGE, np.random.default_rng(0))
    assert float(after.std()) < 0.9 * float(IMAGE.std())


def test_sharpening_is_an_unsharp_mask() -> None:
    pixels = (0.4 + 0.2 * IMAGE).permute(1, 2, 0).numpy()
    after = Sharpening(amount=0.5, sigma=1.0, probability=1)(
        torch.from_numpy(pixels).permute(2, 0, 1), np.random.default_rng(3)
    )
    detail = pixels - cv2.GaussianBlur(pixels, (0, 0), 1.0)
    amount = ((after.permute(1, 2, 0).numpy() - pixels) * detail).sum() / (detail**2).sum()
    np.testing.assert_allclose(after.permute(1, 2, 0).numpy(), pixels + amount * detail, atol=1e-5)
    assert 0 < amount < 0.5


@pytest.mark.parametrize(("kind", "wrong"), [(Resizing, "least"), (Sharpening, "sigma")])
def test_what_makes_no_sense_is_refused(kind, wrong: str) -> None:
    with refusal_of("camera.finishing", f"{wrong}=0"):
        kind(**{wrong: 0})
