"""python -m experiments.table2_ablation [stages|parts] --root HDR --work DIR"""

import sys
from pathlib import Path

from experiments.comparison.table import Table, main
from experiments.table2_ablation.rows import OVERLAY, PARTS, STAGES

RESULTS = Path(__file__).parent / "results"
TABLES = {
    "stages": Table(
        results=RESULTS / "stages",
        rows=STAGES,
        reference="two_stage",
        camera="bracketed",
        hdm=("data.source.exposure=random",),
        overlay=OVERLAY,
    ),
    "parts": Table(
        results=RESULTS / "parts",
        rows=PARTS,
        reference="continued",
        camera="bracketed",
        hdm=("data.source.exposure=random",),
        overlay=OVERLAY,
    ),
}

if __name__ == "__main__":
    name = sys.argv.pop(1) if len(sys.argv) > 1 and sys.argv[1] in TABLES else "stages"
    main(TABLES[name], f"Table 2, {name}: what each {name.removesuffix('s')} of the network is worth, over seeds.")
