"""Saves the workspace and the ablation report in your Weights & Biases account, or writes their specs without one.

python experiments/dashboards/push.py --entity ME                     after `wandb login`
python experiments/dashboards/push.py --offline --out DIR             workspace.json and ablation_report.json
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ablation_report import ablation_report, ablations
from workspace import workspace

from twostage_hdr.training.callbacks.validation_scores import read_scores


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entity", default="", help="your user or team")
    parser.add_argument("--project", default="twostage-hdr")
    parser.add_argument("--run", type=Path, help="a run's folder; its first four validation images get panels")
    parser.add_argument("--offline", action="store_true", help="write the specs, send nothing")
    parser.add_argument("--out", type=Path, default=Path())
    options = parser.parse_args(arguments)
    scenes = scenes_of(options.run) if options.run else []
    if options.offline:
        options.out.mkdir(parents=True, exist_ok=True)
        for name, spec in specs(options.entity or "me", options.project, scenes).items():
            (options.out / f"{name}.json").write_text(json.dumps(spec, indent=1) + "\n", encoding="utf-8")
        return
    if not options.entity:
        parser.error("--entity: whose workspace? give your user or team, or --offline")
    view = workspace(options.entity, options.project, scenes).save_as_new_view()
    report = ablation_report(options.project, options.entity, ablations(), runs_of=options.entity).save(draft=True)
    print(f"Workspace  {view.url}\nReport     {report.url} (a draft)")


def specs(entity: str, project: str, scenes: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What would be sent, as wandb's schema has it."""
    built = {
        "workspace": workspace(entity, project, scenes),
        "ablation_report": ablation_report(project, entity, ablations()),
    }
    return {
        name: json.loads(part._to_model().model_dump_json(by_alias=True, exclude_none=True))
        for name, part in built.items()
    }


def scenes_of(run: Path) -> list[str]:
    """The validation images that the run shows."""
    return list(dict.fromkeys(line.scene for line in read_scores(run / "validation_scores.csv")))[:4]


if __name__ == "__main__":
    main()
