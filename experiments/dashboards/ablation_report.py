"""The ablation report, as code: what each change costs, over all seeds of a sweep."""

from collections.abc import Mapping
from pathlib import Path

import wandb_workspaces.reports.v2 as wr

from twostage_hdr.cli.hydra_command import config_directory

SCORES = {"mu_psnr": "μ-PSNR [dB]", "pu21_psnr": "PU21-PSNR [dB]", "delta_e": "ΔE00"}
BASE = "none"
"""Value of `chosen_ablation` in the config of a run without one."""


def ablations(folder: Path | None = None) -> dict[str, str]:
    """Every ablation and what it changes, as its file says in its first lines."""
    files = sorted((folder or config_directory() / "ablation").glob("*.yaml"))
    return {file.stem: _first_words(file) for file in files}


def ablation_report(project: str, entity: str, changes: Mapping[str, str], *, runs_of: str = "") -> wr.Report:
    """A table of all ablations, then each one beside the base.

    Args:
        project: of the runs and of the report.
        entity: user or team that the report belongs to.
        changes: ablation -> what it changes.
        runs_of: entity whose runs are shown; wandb then looks the project up. Empty builds without an account: the
            report's own project.
    """
    where = {"entity": runs_of, "project": project if runs_of else ""}

    def runs(name: str, filters: str) -> wr.Runset:
        order = [wr.OrderBy(wr.SummaryMetric("best/mu_psnr"), ascending=False)]
        return wr.Runset(name=name, filters=filters, groupby=["config.chosen_ablation"], order=order, **where)

    blocks: list[object] = [
        wr.H1("Ablations"),
        wr.P("Each run changes one thing of the recipe. Scores are those of the best epoch, averaged over seeds."),
        wr.PanelGrid(
            runsets=[runs("All", "State = 'finished'")],
            panels=[
                *(
                    wr.BarPlot(title=title, metrics=[f"best/{key}"], orientation="h", groupby_aggfunc="mean")
                    for key, title in SCORES.items()
                ),
                wr.RunComparer(diff_only="split"),
            ],
        ),
    ]
    for name, change in changes.items():
        blocks += [
            wr.H2(name.replace("_", " ").capitalize()),
            wr.P(change),
            wr.PanelGrid(
                runsets=[runs("Base", _chose(BASE)), runs(name, _chose(name))],
                panels=[
                    wr.LinePlot(title=title, x="trainer/global_step", y=[f"val/{key}"], groupby_aggfunc="mean")
                    for key, title in SCORES.items()
                ],
            ),
        ]
    return wr.Report(project=project, entity=entity, title="Two-Stage HDR: ablations", blocks=blocks, width="fluid")


def _chose(ablation: str) -> str:
    return f"Config('chosen_ablation') = '{ablation}' and State = 'finished'"


def _first_words(file: Path) -> str:
    lines = file.read_text(encoding="utf-8").splitlines()
    return next(line.removeprefix("# ") for line in lines if line.startswith("# ") and not line.startswith("# @"))
