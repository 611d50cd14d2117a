"""What every compared network promises, whatever it is inside."""

import pytest
import torch
from torch import nn

from twostage_hdr.networks.baselines.deep_chain_hdri import DeepChainHDRI
from twostage_hdr.networks.baselines.deep_recursive_hdri import DeepRecursiveHDRI
from twostage_hdr.networks.baselines.drtmo import DrTMO
from twostage_hdr.networks.baselines.expandnet import ExpandNet
from twostage_hdr.networks.baselines.fhdr import FHDR
from twostage_hdr.networks.baselines.gmnet import GMNet
from twostage_hdr.networks.baselines.hdrcnn import HDRCNN
from twostage_hdr.networks.baselines.hdrunet import HDRUNet
from twostage_hdr.networks.baselines.lhdr import LHDR
from twostage_hdr.networks.baselines.maskhdr import MaskHDR
from twostage_hdr.networks.baselines.singlehdr import SingleHDR
from twostage_hdr.networks.baselines.singlehdr_published import PublishedSingleHDR
from twostage_hdr.networks.baselines.supervised import SupervisedOutput

SMALL = [
    lambda: HDRCNN(features=4),
    lambda: ExpandNet(features=8),
    lambda: FHDR(iterations=2, features=8, growth=4),
    lambda: HDRUNet(features=8, blocks=[1, 2, 1]),
    lambda: DeepRecursiveHDRI(features=4, steps=2),
    lambda: DeepChainHDRI(features=4, steps=2),
    lambda: DrTMO(features=4, levels=3),
    lambda: SingleHDR(features=4),
    lambda: LHDR(features=8),
    lambda: GMNet(features=8, blocks=1),
    lambda: MaskHDR(features=4),
    lambda: PublishedSingleHDR(features=2),
]
NAMES = [
    "hdrcnn",
    "expandnet",
    "fhdr",
    "hdrunet",
    "deep_recursive",
    "deep_chain",
    "drtmo",
    "singlehdr",
    "lhdr",
    "gmnet",
    "maskhdr",
    "singlehdr_published",
]
every_network = pytest.mark.parametrize("build", SMALL, ids=NAMES)


@pytest.mark.parametrize(
    ("network", "parameters"),
    [
        (HDRCNN, 29_443_358),
        (ExpandNet, 456_899),
        (FHDR, 571_267),
        (HDRUNet, 1_651_494),
        (LHDR, 271_112),
        (GMNet, 1_921_827),
        (PublishedSingleHDR, 29_036_815),
    ],
)
def test_the_published_size_has_the_published_number_of_parameters(network: type[nn.Module], parameters: int) -> None:
    assert sum(p.numel() for p in network().parameters() if p.requires_grad) == parameters


@every_network
@pytest.mark.parametrize("size", [(1, 1), (7, 5), (1, 40), (33, 32)])
def test_any_size_comes_back_as_it_went_in_finite_and_not_negative(build: object, size: tuple[int, int]) -> None:
    network = build().eval()
    with torch.no_grad():
        hdr = network(torch.rand(2, 3, *size))
    assert hdr.shape == (2, 3, *size)
    assert torch.isfinite(hdr).all()
    assert (hdr >= 0).all()


@every_network
@pytest.mark.parametrize("level", [0.0, 1.0])
def test_a_black_and_a_white_image_give_finite_results_and_gradients(build: object, level: float) -> None:
    network = build()
    network.eval()
    network(torch.full((1, 3, 16, 16), level)).sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)


@every_network
def test_an_image_does_not_depend_on_its_neighbours_in_the_batch_nor_on_earlier_calls(build: object) -> None:
    network = build().eval()
    images = torch.rand(2, 3, 24, 20)
    with torch.no_grad():
        together = network(images)
        alone = torch.cat([network(images[:1]), network(images[1:])])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


@every_network
def test_the_hyper_parameters_rebuild_the_network(build: object) -> None:
    network = build()
    rebuilt = type(network)(**network.hyper_parameters)
    rebuilt.load_state_dict(network.state_dict())
    ldr = torch.rand(1, 3, 8, 8)
    with torch.no_grad():
        torch.testing.assert_close(rebuilt.eval()(ldr), network.eval()(ldr))


@every_network
def test_training_reaches_every_parameter(build: object) -> None:
    torch.manual_seed(3)
    network = build().train()
    ldr = torch.rand(2, 3, 64, 64) * 1.1 - 0.05
    ldr[:, :, :32] = ldr[:, :, :32].clamp(0.97, 1)
    output = network.supervised_output(ldr.clamp(0, 1)) if isinstance(network, SupervisedOutput) else network(ldr)
    (output * torch.rand_like(output)).sum().backward()
    assert [name for name, p in network.named_parameters() if p.grad is None] == []


@every_network
def test_the_output_domain_is_named(build: object) -> None:
    assert build().output in {"linear", "encoded"}


@every_network
def test_no_1x1_convolution_strides(build: object) -> None:
    """Its backward pass corrupts the heap in oneDNN on processors with AVX2 alone (PyTorch 2.13.0)."""
    strided = [
        name
        for name, part in build().named_modules()
        if isinstance(part, nn.Conv2d) and part.kernel_size == (1, 1) and part.stride != (1, 1)
    ]
    assert strided == []


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@every_network
def test_a_gpu_gives_the_cpus_result(build: object) -> None:
    network, ldr = build().eval(), torch.rand(1, 3, 33, 40)
    tf32, torch.backends.cudnn.conv.fp32_precision = torch.backends.cudnn.conv.fp32_precision, "ieee"
    try:
        with torch.inference_mode():
            expected = network(ldr)
            ours = network.cuda()(ldr.cuda()).cpu()
    finally:
        torch.backends.cudnn.conv.fp32_precision = tf32
    torch.testing.assert_close(ours, expected, rtol=1e-3, atol=1e-3)
