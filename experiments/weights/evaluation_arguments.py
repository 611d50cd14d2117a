"""What the scripts that look into an evaluation are told: its folder, the methods to show, a file for the figures."""

import argparse
import json
from pathlib import Path
from typing import Any, NamedTuple

from twostage_hdr.evaluation.results import read_results
from twostage_hdr.evaluation.saved_results import LDR


class EvaluationArguments(NamedTuple):
    """The command line of such a script."""

    evaluation: Path
    methods: list[str]
    out: Path | None

    def keep(self, content: Any) -> None:
        """Writes the figures where a file was asked for."""
        if self.out:
            self.out.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_arguments(description: str | None) -> EvaluationArguments:
    """Parses the command line; the frame and all networks are shown when nobody chose."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--evaluation", type=Path, required=True)
    parser.add_argument("--methods", nargs="+", help="rows to show [default: the frame and all networks]")
    parser.add_argument("--out", type=Path, help="a .json to keep the figures in")
    arguments = parser.parse_args()
    rows = read_results(arguments.evaluation / "summary.json").rows
    names = arguments.methods or [row.name for row in rows if row.name == LDR or row.parameters is not None]
    return EvaluationArguments(arguments.evaluation, names, arguments.out)
