import numpy as np
import torch

from twostage_hdr.data.triple import Triple
from twostage_hdr.networks.frame_thumbnail import thumbnail
from twostage_hdr.training.whole_frame_batch import PIXELS, whole_frame_batch


def triple(height: int, width: int, scene: str = "any/a.hdr") -> Triple:
    ldr = torch.rand(3, height, width, generator=torch.Generator().manual_seed(height))
    return Triple(ldr, ldr, 2 * ldr, scene, torch.tensor(1.0))


def test_frames_of_different_sizes_are_one_batch() -> None:
    batch = whole_frame_batch([triple(30, 50), triple(90, 20, "gamma/b/c.hdr")])
    assert batch.cameras == ["any", "gamma"]
    assert batch.ldr.shape == batch.reference16.shape == (2, 3, 1, PIXELS)
    assert batch.place.shape == (2, 1, PIXELS, 2)
    torch.testing.assert_close(batch.reference16, 2 * batch.ldr)
    torch.testing.assert_close(batch.seen.cells[:1], thumbnail(triple(30, 50).ldr[None]).cells)


def test_its_pixels_are_spread_over_the_frame_as_the_frame_is() -> None:
    one = triple(200, 300)
    batch = whole_frame_batch([one])
    ours, all_of_it = (image.flatten().numpy() for image in (batch.ldr, one.ldr))
    np.testing.assert_allclose(np.quantile(ours, [0.1, 0.5, 0.9]), np.quantile(all_of_it, [0.1, 0.5, 0.9]), atol=0.01)
    assert abs(float(batch.place.mean())) < 0.01
    assert len(torch.unique(batch.place[0, 0], dim=0)) == PIXELS
