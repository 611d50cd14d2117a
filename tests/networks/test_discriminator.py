import pytest
import torch
from torch import Tensor, nn

from twostage_hdr.networks.discriminator import Discriminator


def published_logit(discriminator: Discriminator, image: Tensor) -> Tensor:
    """The figure's layers one by one, batch norm and the mean written out."""
    x = image
    for i, conv in enumerate(discriminator.convs):
        x = torch.conv2d(x, conv.weight, conv.bias, stride=2 if i in (1, 3, 5, 7) else 1, padding=1)
        if i > 0:
            x = (x - x.mean((0, 2, 3), keepdim=True)) / (x.var((0, 2, 3), correction=0, keepdim=True) + 1e-5).sqrt()
        x = x * torch.sigmoid(x)
    last = discriminator.to_logit
    inside = (x * last.weight.view(1, -1, 1, 1)).sum(1) + last.bias
    height, width = inside.shape[-2:]
    frame = (height + 2) * (width + 2) - height * width  # padding 1 on a 1x1 convolution: logits that are the bias
    return (inside.sum((1, 2)) + frame * last.bias) / (height * width + frame)


def test_the_parameter_count_is_the_papers() -> None:
    assert sum(p.numel() for p in Discriminator().parameters() if p.requires_grad) == 4_689_601


def test_the_logit_is_the_published_networks_mean_before_its_sigmoid() -> None:
    discriminator = Discriminator(features=8)
    image = torch.rand(3, 3, 40, 37)
    torch.testing.assert_close(discriminator(image), published_logit(discriminator, image), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (17, 33)])
def test_any_size_gives_one_logit_per_image(size: tuple[int, int]) -> None:
    discriminator = Discriminator(features=4)
    for mode in (True, False):
        logit = discriminator.train(mode)(torch.rand(2, 3, *size))
        assert logit.shape == (2,)
        assert logit.isfinite().all()


def test_channels_last_gives_the_same_logits_and_autocast_nearly_so() -> None:
    discriminator = Discriminator(features=8).eval()
    image = torch.rand(2, 3, 32, 32)
    expected = discriminator(image)
    discriminator.to(memory_format=torch.channels_last)
    torch.testing.assert_close(discriminator(image.to(memory_format=torch.channels_last)), expected)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(discriminator(image).float(), expected, rtol=0, atol=0.02)


def test_the_first_convolution_has_no_batch_norm() -> None:
    discriminator = Discriminator(features=4)
    assert [norm.num_features for norm in discriminator.norms] == [4, 8, 8, 16, 16, 32, 32]
    assert all(isinstance(norm, nn.BatchNorm2d) for norm in discriminator.norms)


def test_the_hyper_parameters_rebuild_the_discriminator() -> None:
    discriminator = Discriminator(features=6)
    twin = Discriminator(**discriminator.hyper_parameters)
    twin.load_state_dict(discriminator.state_dict())
    image = torch.rand(2, 3, 16, 16)
    torch.testing.assert_close(twin.eval()(image), discriminator.eval()(image), rtol=0, atol=0)
