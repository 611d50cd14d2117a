"""The saved workspace: what to look at while runs go on, as code."""

from collections.abc import Sequence

import wandb_workspaces.expr as expr
import wandb_workspaces.reports.v2 as wr
import wandb_workspaces.workspaces as ws

STEP = "trainer/global_step"
NETWORKS = ("enhancement", "tone_mapping", "discriminator")
SCORES = ("mu_psnr", "psnr", "pu21_psnr", "ssim", "delta_e")


def workspace(entity: str, project: str, scenes: Sequence[str] = ()) -> ws.Workspace:
    """Runs sorted by their best score beside curves, pictures, scores per image, and speed.

    Args:
        entity: user or team.
        project: of the runs.
        scenes: validation images whose pictures get a place of their own.
    """
    sections = [
        ws.Section(name="Validation", panels=[curves([f"val/{score}"]) for score in SCORES], is_open=True, pinned=True),
        ws.Section(name="Losses", panels=[of_networks("loss"), *terms()], is_open=True),
        ws.Section(name="Images", panels=[*pictures(scenes), scores_per_image()], is_open=True),
        ws.Section(
            name="Stability", panels=[of_networks("gradient_norm"), of_networks("weight_norm"), of_networks("lr")]
        ),
        ws.Section(
            name="Speed", panels=[curves(["speed/images_per_second"]), curves(["speed/seconds_waiting_for_data"])]
        ),
        ws.Section(name="What differs between runs", panels=[wr.RunComparer(diff_only="split")]),
    ]
    return ws.Workspace(
        entity=entity,
        project=project,
        name="Two-Stage HDR training",
        sections=sections,
        settings=ws.WorkspaceSettings(x_axis=STEP),
        runset_settings=ws.RunsetSettings(
            order=[expr.Ordering(expr.Summary("best/mu_psnr"), ascending=False)],
            pinned_columns=["run:displayName", *(f"summary:best/{score}" for score in SCORES), "summary:best/epoch"],
        ),
        auto_generate_panels=True,
    )


def curves(names: Sequence[str], title: str | None = None, log_y: bool = False) -> wr.LinePlot:
    """Quantities over updates."""
    return wr.LinePlot(title=title or names[0], x=STEP, y=list(names), log_y=log_y)


def of_networks(quantity: str) -> wr.LinePlot:
    """One quantity of all networks."""
    return curves([f"train/{network}/{quantity}" for network in NETWORKS], quantity.replace("_", " "), log_y=True)


def terms() -> list[wr.LinePlot]:
    """The unweighted terms of the stages' losses."""
    named = {"enhancement": ("l1", "structure", "adversarial"), "tone_mapping": ("l1", "colour")}
    return [
        curves([f"train/{network}/{term}" for term in parts], f"{network.replace('_', ' ')}: terms", log_y=True)
        for network, parts in named.items()
    ]


def pictures(scenes: Sequence[str]) -> list[wr.MediaBrowser]:
    """Result above reference at several exposures, and frame | result | reference | difference, of each scene."""
    names = [scene.replace("/", "_") for scene in scenes]
    return [
        wr.MediaBrowser(title=f"{name}: {title}", media_keys=[f"{key}/{name}"], num_columns=1)
        for name in names
        for key, title in (("exposures", "exposures"), ("val", "comparison"))
    ]


def scores_per_image() -> wr.WeavePanelSummaryTable:
    """The table of the last validation."""
    return wr.WeavePanelSummaryTable(table_name="val/per_image")
