"""Table 1: the compared networks, each with its own loss, optimiser and hyper-parameters."""

from experiments.comparison.row import Row

REDUCED = "a quarter of the published width"
RECIPE = ("experiment=tables", "identity_start=true")
"""What all rows share."""
OVERLAY = (
    "each method's own rate times 1, 3 or 10, whichever validated best; warm-up of 50 updates, cosine, weights "
    "averaged over about 100 updates; networks with a skip start at the identity"
)

ROWS = (
    Row(name="two_stage", title="Two-stage (paper)", settings=("module=two_stage", *RECIPE)),
    Row(name="hdrcnn", title="HDRCNN", settings=("module=hdrcnn", *RECIPE), note="VGG16 encoder not pre-trained"),
    Row(name="expandnet", title="ExpandNet", settings=("module=expandnet", *RECIPE)),
    Row(name="fhdr", title="FHDR", settings=("module=fhdr", *RECIPE), note="4 iterations; without its VGG19 term"),
    Row(name="hdrunet", title="HDRUNet", settings=("module=hdrunet", *RECIPE)),
    Row(name="lhdr", title="LHDR", settings=("module=lhdr", *RECIPE), note="loss not its own, which is not public"),
    Row(name="gmnet", title="GMNet", settings=("module=gmnet", *RECIPE), note="one of its two terms"),
    Row(
        name="singlehdr",
        title="SingleHDR",
        settings=("module=singlehdr", *RECIPE),
        note=f"{REDUCED}; trained at once; without its VGG19 term",
    ),
    Row(name="drtmo", title="DrTMO", settings=("module=drtmo", *RECIPE), note=REDUCED),
    Row(
        name="deep_recursive_hdri",
        title="Deep Recursive HDRI",
        settings=("module=deep_recursive_hdri", *RECIPE),
        note=f"{REDUCED}; without its GAN",
    ),
    Row(name="deep_chain_hdri", title="Deep Chain HDRI", settings=("module=deep_chain_hdri", *RECIPE), note=REDUCED),
)

ABSENT = {
    "Didyk et al. 2008, with a user's classes": "needs a person who marks lights and reflections in each image; the "
    "row without a user stands for it",
    "Wang et al. 2007, with a user's strokes": "needs a person who draws strokes in each image; the row without a "
    "user stands for it",
}
"""Title -> why there is no row."""
