"""python -m experiments.table1_comparison --root HDR --work DIR"""

from pathlib import Path

from experiments.comparison.table import Table, main
from experiments.table1_comparison.rows import ABSENT, OVERLAY, ROWS

TABLE = Table(
    results=Path(__file__).parent / "results" / "swept",
    rows=ROWS,
    reference="two_stage",
    camera="gamma",
    seeds=3,
    crop=128,
    operators=True,
    absent=ABSENT,
    overlay=OVERLAY,
    rates=(1, 3, 10),
)

if __name__ == "__main__":
    main(TABLE, "Table 1: every compared network and operator, trained and scored alike.")
