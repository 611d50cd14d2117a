import csv
import math
from pathlib import Path

import pytest
import torch

from tests.refusal import refusal_of
from twostage_hdr.metrics.mu_psnr import mu_psnr
from twostage_hdr.training.callbacks.validation_scores import (
    ImageScores,
    ValidationScores,
    best_epoch,
    read_scores,
    summary,
    write_scores,
)

LINES = [
    ImageScores(0, "a", {"x": 1.0, "y": 5.0}),
    ImageScores(0, "b", {"x": 3.0, "y": 5.0}),
    ImageScores(1, "a", {"x": 4.0, "y": 1.0}),
    ImageScores(1, "b", {"x": 2.0, "y": 3.0}),
    ImageScores(2, "a", {"x": 3.0, "y": 7.0}),
    ImageScores(2, "b", {"x": 3.0, "y": 9.0}),
]


def test_the_best_epoch_is_the_first_of_the_best_mean_and_tells_all_its_means() -> None:
    assert summary(best_epoch(LINES, "x", "max")) == {"best/epoch": 1.0, "best/x": 3.0, "best/y": 2.0}
    assert summary(best_epoch(LINES, "x", "min")) == {"best/epoch": 0.0, "best/x": 2.0, "best/y": 5.0}
    assert summary(best_epoch([], "x", "max")) == {}


def test_an_epoch_without_a_number_is_never_the_best() -> None:
    assert best_epoch([ImageScores(0, "a", {"x": math.nan}), *LINES[2:]], "x", "max")[0].epoch == 1
    assert best_epoch(LINES, "z", "max") == []


def test_scores_come_back_from_the_file_as_they_were(tmp_path: Path) -> None:
    lines = [*LINES, ImageScores(3, "with, comma", {"x": math.inf, "y": 0.1 + 0.2})]
    write_scores(tmp_path / "scores.csv", lines)
    assert read_scores(tmp_path / "scores.csv") == lines


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "scores.csv").write_text("epoch,scene,x\none,a,2\n")
    with refusal_of(tmp_path / "scores.csv", "'one'"):
        read_scores(tmp_path / "scores.csv")


def test_unknown_modes_are_refused(tmp_path: Path) -> None:
    with refusal_of("callbacks.scores.mode=best", "max", "min"):
        ValidationScores(path=str(tmp_path / "scores.csv"), mode="best")


def test_every_image_of_every_validation_is_scored_under_its_own_name(supervised, trainer, one_batch, tmp_path) -> None:
    path = tmp_path / "scores.csv"
    write_scores(path, [ImageScores(7, "of a run that is repeated", {"mu_psnr": 1.0})])
    images, module = one_batch(2), supervised()
    run = trainer(callbacks=[ValidationScores(path=str(path))], max_epochs=2, num_sanity_val_steps=1)
    run.fit(module, images.loader(), torch.utils.data.DataLoader(images, batch_size=1))
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["epoch"], row["scene"]) for row in rows] == [
        (epoch, f"folder/{index}") for epoch in "01" for index in range(4)
    ]
    for row, triple in zip(rows[4:], images, strict=False):
        expected = mu_psnr(module(triple.ldr[None]).detach(), triple.reference16[None])
        assert float(row["mu_psnr"]) == pytest.approx(expected.item(), abs=1e-4)
