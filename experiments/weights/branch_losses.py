"""Which loss for the scores? Short paired runs of the whole-frame branch that differ in one loss each.

python -m experiments.weights.branch_losses --root HDR --out RUNS

All training places, from the zero start, as the learning curve's last point, whose runs in RUNS are the recipe's.
The weights of other losses are those with which their gradient is about as long as the recipe's at its usual error.
Results as data in `results/branch_losses.json`.
"""

import json
from collections.abc import Callable
from typing import Any

from torch import nn

from experiments.weights.branch_runs import Change, unchanged
from experiments.weights.kept_frames import COLUMNS
from experiments.weights.learning_curve import VIEWS, argument_parser, of_places, shared_bench, summary
from twostage_hdr.losses.gain_aligned import GainAlignedLoss
from twostage_hdr.losses.perceptual_domain import PU21L1Loss, PU21SquaredLoss
from twostage_hdr.training.two_stage_whole_frame import TwoStageWholeFrameModule

RECIPE = "the recipe: pinball + half the log of the squared errors, PU21 and mu-law"
USUAL_L1, USUAL_SQUARE = 0.03, 0.004
"""In PU21 / 256, of results at 24 dB: d log10(x) = 0.43 dx / x."""


def image_loss(make: Callable[[], nn.Module], usual: float) -> Change:
    """Another loss of the image in place of the logarithm, after the same gain."""

    def change(module: TwoStageWholeFrameModule) -> None:
        module.image_loss = GainAlignedLoss(loss=make())  # type: ignore[assignment]
        module.weights["image"] *= 0.43 / usual

    return change


def pinball_alone(module: TwoStageWholeFrameModule) -> None:
    """No loss of the image."""
    module.weights["image"] = 0.0


def image_alone(module: TwoStageWholeFrameModule) -> None:
    """The quantiles learn but a hundredth: enough to be in order."""
    module.weights["pinball"] = 0.01


CHOICES: dict[str, tuple[str, Change]] = {
    RECIPE: ("", unchanged),
    "L1 in PU21 in place of the logarithm": ("l1", image_loss(PU21L1Loss, USUAL_L1)),
    "squares in PU21 in place of the logarithm": ("squares", image_loss(PU21SquaredLoss, USUAL_SQUARE)),
    "pinball alone": ("pinball", pinball_alone),
    "the logarithm alone": ("logarithm", image_alone),
}
"""What is compared: part of the runs' names, and the change."""


def main() -> None:
    parser = argument_parser(__doc__, "branch_losses.json")
    names = [name or "recipe" for name, _ in CHOICES.values()]
    parser.add_argument("--choices", nargs="+", choices=names, default=names, help="that are compared [default: all]")
    arguments = parser.parse_args()
    shared = shared_bench(arguments)
    chosen = {choice: of for choice, of in CHOICES.items() if (of[0] or "recipe") in arguments.choices}
    table: dict[str, list[Any]] = {choice: [] for choice in chosen}
    for seed in arguments.seeds:
        images = [scene.id for scene in shared.training]
        for choice, (name, change) in chosen.items():
            file = of_places(arguments.out, 1.0, seed) if not name else arguments.out / f"loss_{name}_seed_{seed}.json"
            result = shared.run(file, images, views=VIEWS, updates=arguments.updates, seed=seed, change=change)
            table[choice].append(summary(result))
            row = {camera: [rows[key] for key in COLUMNS] for camera, rows in table[choice][-1]["scores"].items()}
            print(f"{seed} {choice:75} {json.dumps(row)}", flush=True)
    content = {"updates": arguments.updates, "views": VIEWS, "seeds": arguments.seeds, "columns": COLUMNS}
    arguments.results.write_text(json.dumps(content | {"choices": table}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
