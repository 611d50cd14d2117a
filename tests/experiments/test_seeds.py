"""Seeds of a method as one row, against NumPy."""

import math

import numpy as np
import pytest

from experiments.comparison.seeds import over_seeds
from twostage_hdr.evaluation.method_row import MethodRow
from twostage_hdr.evaluation.protocol import COLUMNS

KEYS = ("psnr", "delta_e")
COLUMNS_USED = [column for column in COLUMNS if column.key in KEYS]
SCORES = np.random.default_rng(4).normal(20, 3, size=(4, 6, 2))  # method with seed, image, metric


def rows() -> list[MethodRow]:
    names = ("ldr", "one_seed0", "one_seed1", "one_seed2")
    return [
        MethodRow(
            name=name,
            title=name,
            per_image={f"{i}": dict(zip(KEYS, map(float, image), strict=True)) for i, image in enumerate(images)},
            seconds_per_megapixel=1.0 + place,
            peak_mebibytes=10.0 * place,
        )
        for place, (name, images) in enumerate(zip(names, SCORES, strict=True))
    ]


def test_mean_and_spread_are_those_of_the_seeds_means() -> None:
    scored = rows()
    ldr, one = over_seeds([scored[:1], scored[1:]], COLUMNS_USED)
    means = SCORES[1:].mean(axis=1)
    for place, key in enumerate(KEYS):
        assert one.scores[key].mean == pytest.approx(means[:, place].mean())
        assert one.scores[key].std == pytest.approx(np.std(means[:, place], ddof=1))
        assert one.scores[key].low < one.scores[key].mean < one.scores[key].high
        assert ldr.scores[key].mean == pytest.approx(SCORES[0, :, place].mean())
        assert math.isnan(ldr.scores[key].std)


def test_the_interval_is_wider_than_that_of_places_alone_where_the_seeds_scatter() -> None:
    level = [
        MethodRow(name="a", title="a", per_image={f"{i}": {"psnr": seed * 5.0 + i} for i in range(6)})
        for seed in range(3)
    ]
    together, alone = (over_seeds([group], COLUMNS_USED[:1])[0].scores["psnr"] for group in (level, level[:1]))
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_an_image_has_the_mean_over_the_seeds_and_costs_are_those_of_a_typical_seed() -> None:
    one = over_seeds([rows()[1:]], COLUMNS_USED)[0]
    for i in range(6):
        assert one.per_image[f"{i}"]["psnr"] == pytest.approx(SCORES[1:, i, 0].mean())
    assert one.seconds_per_megapixel == 3.0
    assert one.peak_mebibytes == 30.0
