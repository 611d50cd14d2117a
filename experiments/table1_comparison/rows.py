"""Table 1: the compared networks, each with its own loss, optimiser and hyper-parameters."""

from experiments.comparison.row import Row

REDUCED = "a quarter of the published width"

ROWS = (
    Row(name="two_stage", title="Two-stage (paper)", settings=("module=two_stage",)),
    Row(name="hdrcnn", title="HDRCNN", settings=("module=hdrcnn",), note="VGG16 encoder not pre-trained"),
    Row(name="expandnet", title="ExpandNet", settings=("module=expandnet",)),
    Row(name="fhdr", title="FHDR", settings=("module=fhdr",), note="4 iterations; without its VGG19 term"),
    Row(name="hdrunet", title="HDRUNet", settings=("module=hdrunet",)),
    Row(
        name="singlehdr",
        title="SingleHDR",
        settings=("module=singlehdr",),
        note=f"{REDUCED}; trained at once; without its VGG19 term",
    ),
    Row(name="drtmo", title="DrTMO", settings=("module=drtmo",), note=REDUCED),
    Row(
        name="deep_recursive_hdri",
        title="Deep Recursive HDRI",
        settings=("module=deep_recursive_hdri",),
        note=f"{REDUCED}; without its GAN",
    ),
    Row(name="deep_chain_hdri", title="Deep Chain HDRI", settings=("module=deep_chain_hdri",), note=REDUCED),
)

ABSENT = {
    "Didyk et al. 2008, with a user's classes": "needs a person who marks lights and reflections in each image; the "
    "row without a user stands for it",
    "Wang et al. 2007, with a user's strokes": "needs a person who draws strokes in each image; the row without a "
    "user stands for it",
}
"""Title -> why there is no row."""
