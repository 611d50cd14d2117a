"""python -m experiments.table2_ablation --root HDR --work DIR"""

from pathlib import Path

from experiments.comparison.table import Table, main
from experiments.table2_ablation.rows import ROWS

TABLE = Table(
    folder=Path(__file__).parent, rows=ROWS, camera="bracketed", hdm=("data.source.exposure=random",), seeds=3
)

if __name__ == "__main__":
    main(TABLE, "Table 2: what each part of the two-stage network is worth, over several seeds.")
