"""What helps? Short runs from the same weights that differ in one choice each, scored on the validation places.

python -m experiments.weights.choices --root HDR --start W --out RUNS

Results as data in `results/choices.json`; runs that are finished are not repeated.
"""

import argparse
import json
from pathlib import Path

from experiments.weights.rounds import SPLITS, run
from twostage_hdr.evaluation.results import read_results

HERE = Path(__file__).parent
UPDATES = 120
RECIPE = (
    "experiment=best",
    "trainer=cpu",  # float32 on every processor: fewer updates than the rounds', so time is not what matters
    "camera=random",
    "seed=3",
    "module.optimizer.lr=5e-4",
    "module.schedule.warmup=10",
    "callbacks.ema.decay=0.97",  # of a run of 120 updates
    "trainer.max_epochs=1",
    f"data.patches_per_epoch={8 * UPDATES}",
    "logger=csv",
)
CHOICES: dict[str, tuple[str, ...]] = {
    "the recipe: PU21 L1 + ΔE00/255, end to end": (),
    "half of it with the exposure forgiven, and squares": ("loss@module.tone_mapping_loss=tone_mapping_pu21_aligned",),
    "mu-law L1 instead of PU21": ("loss@module.tone_mapping_loss=tone_mapping_mu_law",),
    "ln(1 + 5 x) L1 instead of PU21": ("loss@module.tone_mapping_loss=tone_mapping_log1p",),
    "L1 of encoded values instead of PU21, the paper's": ("loss@module.tone_mapping_loss=tone_mapping",),
    "simultaneous, the paper's": ("module.mode=simultaneous",),
    "with the GAN": ("discriminator@module.discriminator=paper",),
    "one scale": ("data.zoom=1.0",),
    "without averaged weights": ("callbacks.ema.decay=0.0",),
}
"""What differs from the recipe, and how it is said to `train`."""
COLUMNS = (
    "mu_psnr_aligned",
    "pu21_psnr",
    "crf_pu21_psnr",
    "delta_e",
    "stops_error_clipped",
    "stops_error_well_exposed",
)


def scores(number: int, overrides: tuple[str, ...], root: Path, start: str, out: Path) -> dict[str, float]:
    """Trains and scores one choice."""
    folder = out / f"choice{number}"
    split = f"data.split_file={SPLITS}"
    run("train", *RECIPE, *overrides, f"data.root={root}", split, f"weights={start}", f"hydra.run.dir={folder}")
    scored = folder / "scores"
    if not (scored / "summary.json").exists():
        data = ("data=hdr_folder", f"data.root={root}", "camera=random", split, "split=val", "seed=0")
        run("evaluate", f"weights={folder}", *data, f"hydra.run.dir={scored}", "pictures=0")
    row = next(row for row in read_results(scored / "summary.json").rows if row.parameters)
    return {column: row.scores[column].mean for column in COLUMNS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="folder of HDR images")
    parser.add_argument("--start", required=True, help="weights that every run starts from")
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs")
    arguments = parser.parse_args()
    table = {
        choice: scores(number, overrides, arguments.root, arguments.start, arguments.out)
        for number, (choice, overrides) in enumerate(CHOICES.items())
    }
    content = {"updates": UPDATES, "places": "8 validation places, camera=random", "scores": table}
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    (HERE / "results" / "choices.json").write_text(text, encoding="utf-8")
    for choice, row in table.items():
        print(f"{choice:52}", *(f"{row[column]:8.3f}" for column in COLUMNS))


if __name__ == "__main__":
    main()
