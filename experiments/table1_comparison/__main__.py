"""python -m experiments.table1_comparison --root HDR --work DIR"""

from pathlib import Path

from experiments.comparison.table import Table, main
from experiments.table1_comparison.rows import ABSENT, ROWS

TABLE = Table(folder=Path(__file__).parent, rows=ROWS, camera="gamma", operators=True, absent=ABSENT)

if __name__ == "__main__":
    main(TABLE, "Table 1: every compared network and operator, trained and scored alike.")
