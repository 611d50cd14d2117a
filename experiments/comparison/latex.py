"""A comparison's rows as LaTeX."""

from collections.abc import Sequence

from twostage_hdr.evaluation.method_row import MethodRow, MetricColumn
from twostage_hdr.evaluation.tables import TableStyle, cell_notes, cells, scaling_notes

_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "±": r"$\pm$", "μ": r"$\mu$", "Δ": r"$\Delta$",
    "↑": r"$\uparrow$", "↓": r"$\downarrow$", "–": "--",
}  # fmt: skip


def latex_table(rows: Sequence[MethodRow], columns: Sequence[MetricColumn], style: TableStyle | None = None) -> str:
    """A LaTeX `tabular` for booktabs, best in bold, with the scaling of every metric as comments above it."""
    heads, lines = cells(rows, columns, style or TableStyle())
    notes = [f"% {text}" for text in (*cell_notes(rows, style or TableStyle()), *scaling_notes(columns))]
    body = [[f"\\textbf{{{_latex(text)}}}" if best else _latex(text) for text, best in line] for line in lines]
    return "\n".join(
        [
            *notes,
            f"\\begin{{tabular}}{{l{'r' * (len(heads) - 1)}}}",
            "\\toprule",
            " & ".join(_latex(head) for head in heads) + " \\\\",
            "\\midrule",
            *(" & ".join(line) + " \\\\" for line in body),
            "\\bottomrule",
            "\\end{tabular}",
            "",
        ]
    )


def _latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)
