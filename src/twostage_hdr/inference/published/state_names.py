"""What the layers of published state dictionaries are called, beside ours; and the recipes that go with them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twostage_hdr.inference.published.renamed_state import load_renamed
from twostage_hdr.networks.baselines.gmnet import PUBLISHED_PEAK, GMNet
from twostage_hdr.networks.baselines.hdrunet import HDRUNet
from twostage_hdr.networks.baselines.lhdr import LHDR
from twostage_hdr.networks.baselines.maskhdr import MaskHDR


def _sft(ours: str, theirs: str, first: int = 0) -> dict[str, str]:
    """Scale and shift, two layers each, numbered from `first` on in the published file."""
    return {
        f"{ours}.{kind}.{index}": f"{theirs}.SFT_{kind}_conv{number}"
        for kind in ("scale", "shift")
        for index, number in ((0, first), (2, first + 1))
    }


def _sequence(ours: str, theirs: str, indices: tuple[int, ...]) -> dict[str, str]:
    """The layers that have tensors in a sequence of the same order."""
    return {f"{ours}.{index}": f"{theirs}.{index}" for index in indices}


def _hdrunet() -> Mapping[str, str]:
    names = {
        "first": "conv_first", "second": "HR_conv1", "down1": "down_conv1", "down2": "down_conv2",
        "up1": "up_conv1.0", "up2": "up_conv2.0", "before_last": "HR_conv2", "to_rgb": "conv_last",
    }  # fmt: skip
    names |= _sft("first_sft", "SFT_layer1") | _sft("last_sft", "SFT_layer2")
    names |= _sequence("mask", "mask_est", (0, 2, 4, 6)) | _sequence("condition.shared", "cond_first", (0, 2, 4))
    for scale, number in ((1, 1), (2, 2), (4, 3)):
        names |= _sequence(f"condition.scale{scale}", f"CondNet{number}", (0, 2))
    for part, number, count in (("descending", 1, 2), ("coarsest", 2, 8), ("ascending", 3, 2)):
        for block in range(count):
            ours, theirs = f"{part}.{block}", f"recon_trunk{number}.{block}"
            names |= {f"{ours}.conv{k}": f"{theirs}.conv{k}" for k in (1, 2)}
            names |= _sft(f"{ours}.sft1", f"{theirs}.sft1") | _sft(f"{ours}.sft2", f"{theirs}.sft2")
    return names


def _lhdr() -> Mapping[str, str]:
    names = {f"pointwise.layers.{k}": f"mlp.conv{k + 1}" for k in range(4)}
    names |= {f"pointwise.scales.{k}": f"mlp.cond_scale{k + 1}" for k in range(4)}
    names |= {f"pointwise.shifts.{k}": f"mlp.cond_shift{k + 1}" for k in range(4)}
    names |= {"pointwise.first": "mlp.cond_net.conv1", "pointwise.last": "mlp.cond_net.conv3"}
    names |= {f"pointwise.kernels.{k}": f"mlp.cond_net.conv2.conv_group_{k + 1}" for k in range(4)}
    names |= {"to_detail": "msnet.decompose.conv_h", "to_base": "msnet.decompose.conv_l"}
    names |= {f"detail.convolutions.{k}": f"msnet.local_branch.conv_{k + 1}" for k in range(5)}
    names |= {"detail_to_rgb": "msnet.conv0", "base_to_rgb": "msnet.upconv0.0"}
    net = "msnet.global_branch"
    names |= {"base.mask": f"{net}.mask_est_pconv.1", "base.down": f"{net}.down_conv", "base.up": f"{net}.up_conv.0"}
    for ours, theirs in (("fine", "recon_trunk_f"), ("coarse", "recon_trunk_mp")):
        for block in range(2):
            for place, number in (("first", 1), ("second", 2)):
                names[f"base.{ours}.{block}.{place}.convolution"] = f"{net}.{theirs}.{block}.pconv_{number}"
    for ours, theirs in (("modulated_coarse", "recon_trunk_ms"), ("modulated_fine", "recon_trunk_e")):
        for block in range(2):
            own, published = f"base.{ours}.{block}", f"{net}.{theirs}.{block}"
            names |= {f"{own}.conv{k}": f"{published}.conv{k}" for k in (1, 2)}
            names |= _sft(f"{own}.sft1", f"{published}.sft1", 1) | _sft(f"{own}.sft2", f"{published}.sft2", 1)
    for ours, theirs in (("shared", "cond_com"), ("condition_fine", "cond_1e"), ("condition_coarse", "cond_2")):
        names |= {f"base.{ours}.{k}": f"{net}.{theirs}.{2 * k}" for k in range(2)}
    return names


def _gmnet() -> Mapping[str, str]:
    names = {"up": "upconv", "before_last": "HRconv", "to_map": "conv_last"} | _sequence("mask", "mask_est", (0, 2))
    for ours, theirs in (("whole.0", "down1"), ("whole.1", "down2"), ("down", "down_x")):
        names |= _sequence(ours, f"{theirs}.conv", (0, 2, 4))
    for ours, theirs in (("to_kernels", "sq_ker"), ("to_weights", "sq_chn"), ("to_largest", "sq_qmax")):
        names |= {f"{ours}.{index + 1}": f"{theirs}.conv.{index}" for index in (0, 2, 4)}
    for ours, theirs, start in (
        ("whole", "res_y", 2),
        ("first", "res1", 0),
        ("second", "res2", 0),
        ("third", "res3", 0),
    ):
        for block in range(5):
            names |= {f"{ours}.{block + start}.conv{k}": f"{theirs}.{block}.conv{k}" for k in (1, 2)}
    return names


def _maskhdr() -> Mapping[str, str]:
    parts = (("encoder", "enc"), ("decoder", "dec"))
    return {
        f"{ours}.{level}.convolution": f"{theirs}_{level + 1}.conv.input_conv"
        for ours, theirs in parts
        for level in range(7)
    }


NAMES: dict[type[Any], Mapping[str, str]] = {
    HDRUNet: _hdrunet(), LHDR: _lhdr(), GMNet: _gmnet(), MaskHDR: _maskhdr(),
}  # fmt: skip
"""Published name of each of our layers."""


def load_hdrunet(path: Path) -> HDRUNet:
    """HDRUNet with published weights, on the CPU, in eval mode. Input and output are the challenge's encoded values.

    Raises:
        InputError: The file cannot be read, or its tensors are not HDRUNet's.
    """
    return load_renamed(path, HDRUNet(), NAMES[HDRUNet])


def load_lhdr(path: Path) -> LHDR:
    """LHDR with the weights of a published `params.pth`, on the CPU, in eval mode.

    Inference is ours in one thing: the scale comes from the input's well-exposed pixels; the published program
    stretches each result to its own maximum.

    Raises:
        InputError: The file cannot be read, or its tensors are not LHDR's.
    """
    return load_renamed(path, LHDR(), NAMES[LHDR])


def load_gmnet(path: Path, *, peak: float = PUBLISHED_PEAK) -> GMNet:
    """GMNet with published weights, on the CPU, in eval mode.

    Args:
        path: A state dictionary.
        peak: Gain of a map of 1, which the file does not say: 8 for the weights of the synthetic set. (Those of the
            real-world set see the photograph at half its size and are not supported.)

    Raises:
        InputError: The file cannot be read, its tensors are not GMNet's, or peak <= 1.
    """
    return load_renamed(path, GMNet(peak=peak), NAMES[GMNet])


def load_maskhdr(path: Path) -> MaskHDR:
    """MaskHDR with the weights of a published checkpoint, on the CPU, in eval mode.

    Raises:
        InputError: The file cannot be read, or its tensors are not MaskHDR's.
    """
    return load_renamed(path, MaskHDR(), NAMES[MaskHDR], entry="model", derived=".mask_update_conv.weight")
