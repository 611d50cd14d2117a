"""FHDR's published checkpoints [khan2019fhdr]."""

from pathlib import Path

from twostage_hdr.errors import InputError
from twostage_hdr.inference.published.renamed_state import load_renamed
from twostage_hdr.networks.baselines.fhdr import FHDR

PUBLISHED_NAMES = {
    "first": "feb1",
    "second": "feb2",
    "feedback.compress": "feedback_block.compress_in",
    **{
        f"feedback.blocks.{block}.{ours}": f"feedback_block.DRDB{block + 1}.{theirs}"
        for block in range(3)
        for ours, theirs in [
            ("compress", "compress"),
            *((f"dense.{layer}", f"dense_layers.{layer}.conv") for layer in range(4)),
            ("fuse", "conv_1x1"),
        ]
    },
    "feedback.fuse": "feedback_block.GFF_3x3",
    "refine": "hrb1",
    "to_rgb": "hrb2",
}
"""Published name of each of our layers."""

PUBLISHED_PEAK = 1.0
"""Linear value of the network's +1 where references were scaled to [0, 1], as the published training's are."""


def load_fhdr(path: Path, *, iterations: int, peak: float = PUBLISHED_PEAK) -> FHDR:
    """The network with the weights of a published `latest.ckpt`, on the CPU, in eval mode.

    Args:
        path: A state dictionary, saved from one or from several GPUs (`module.` before each name).
        iterations: Passes through the feedback block; the file does not say how many it was trained with. Every call
            behaves as the published network's first one after it was built.
        peak: Linear value, in units of LDR white, of the network's +1; the file does not say it either.

    Raises:
        InputError: The file cannot be read, its tensors are not FHDR's, or iterations < 1.
    """
    if iterations < 1:
        raise InputError(f"iterations: {iterations}; give the number the checkpoint was trained with, 1 or more")
    return load_renamed(path, FHDR(iterations=iterations, peak=peak), PUBLISHED_NAMES)
