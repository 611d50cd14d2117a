"""Table 2: one stage or two, one stage as large as both, how they train together, and what each loss is worth."""

from experiments.comparison.row import Row

ROWS = (
    Row(name="stage_one", title="Stage I alone", settings=("ablation=stage_one_alone",)),
    Row(name="stage_two", title="Stage II alone", settings=("ablation=stage_two_alone",)),
    Row(
        name="size_matched",
        title="One stage, size of both",
        settings=("ablation=size_matched",),
        note="3 blocks of stage I's kind, 832,489 parameters",
    ),
    Row(name="two_stage", title="Two-stage, simultaneous (paper)", settings=("module=two_stage",)),
    Row(
        name="enhancement",
        title="Stage I as the paper trains it",
        settings=("module=enhancement",),
        note="learns the 8-bit reference; its output is scored as it is, against the 16-bit reference",
    ),
    Row(
        name="sequential",
        title="Two-stage, sequential",
        settings=("ablation=sequential",),
        start="enhancement",
        note="stage II on the row above, frozen: each stage has the budget's updates",
    ),
    Row(name="end_to_end", title="Two-stage, end to end", settings=("ablation=end_to_end",)),
    Row(name="without_gan", title="Without GAN", settings=("ablation=without_gan",)),
    Row(name="without_structure", title="Without SSIM", settings=("ablation=without_structure",)),
    Row(name="ms_ssim", title="MS-SSIM instead of SSIM", settings=("ablation=ms_ssim",)),
    Row(name="without_colour", title="Without colour loss", settings=("ablation=without_colour",)),
    Row(
        name="colour_without_gradient",
        title="Colour loss without gradient (as published)",
        settings=("ablation=colour_without_gradient",),
        note="must equal the row above: a check of the protocol",
    ),
    Row(name="without_attention", title="Without attention", settings=("ablation=without_attention",)),
)
