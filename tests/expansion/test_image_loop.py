import torch

from twostage_hdr.expansion.image_loop import for_each_image


def test_every_image_is_treated_on_its_own_and_the_shape_is_kept() -> None:
    images, offsets = torch.rand(2, 3, 1, 4, 5), torch.rand(2, 3, 1, 4, 5)
    out = for_each_image(lambda one, offset: one - one.max() + offset, images, offsets)
    torch.testing.assert_close(out, images - images.amax((-1, -2), keepdim=True) + offsets)
