"""Table 2: one stage or two, one stage as large as both, how they train together, and what each part is worth."""

from experiments.comparison.row import Row

RECIPE = ("experiment=tables", "identity_start=true")
"""What all rows share but the literal one."""
OVERLAY = (
    "all rows but the literal one start at the identity, warm up for 50 updates, follow a cosine, and are scored with "
    "weights averaged over about 100 updates"
)

PAPER = Row(name="two_stage", title="Two-stage, simultaneous (paper)", settings=("module=two_stage", *RECIPE))

STAGES = (
    Row(name="stage_two", title="Stage II alone", settings=("ablation=stage_two_alone", *RECIPE)),
    Row(name="stage_one", title="Stage I alone", settings=("ablation=stage_one_alone", *RECIPE)),
    Row(
        name="size_matched",
        title="One stage, size of both",
        settings=("ablation=size_matched", *RECIPE),
        note="3 blocks of stage I's kind, 832,489 parameters",
    ),
    PAPER,
    Row(name="end_to_end", title="Two-stage, end to end", settings=("ablation=end_to_end", *RECIPE)),
    Row(
        name="enhancement",
        title="Stage I as the paper trains it",
        settings=("module=enhancement", *RECIPE),
        note="learns the 8-bit reference; its output is scored as it is, against the 16-bit reference",
        other_validation="validated against the 8-bit reference",
    ),
    Row(
        name="sequential",
        title="Two-stage, sequential",
        settings=("ablation=sequential", *RECIPE),
        start="enhancement",
        note="stage II on the row above, frozen: each stage has the budget's updates",
    ),
    Row(name="without_attention", title="Without attention", settings=("ablation=without_attention", *RECIPE)),
    Row(
        name="literal",
        title="Two-stage, the paper's recipe as it is",
        settings=("module=two_stage",),
        note="random start, constant rate, no average; on this budget and these data",
    ),
)
"""Stages or size, and which mode: every row from scratch."""


def _part(name: str, title: str, *settings: str, other_validation: str = "") -> Row:
    own = (*settings, *RECIPE)
    return Row(name=name, title=title, settings=own, start=PAPER.name, further=True, other_validation=other_validation)


PARTS = (
    PAPER,
    _part("continued", "The row above, continued with all parts", "module=two_stage"),
    _part("without_gan", "Without GAN", "ablation=without_gan"),
    _part("without_structure", "Without SSIM", "ablation=without_structure"),
    _part("ms_ssim", "MS-SSIM instead of SSIM", "ablation=ms_ssim"),
    _part("without_colour", "Without colour loss", "ablation=without_colour"),
    _part(
        "medium_exposure",
        "Trained on the medium exposure alone",
        "module=two_stage",
        "camera.exposure.stops=[0]",
        other_validation="validated on the medium exposure alone",
    ),
)
"""What each part is worth: from the paper's row of the same seed on, for some updates more."""
