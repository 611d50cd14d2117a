import math
from pathlib import Path

import pytest
import torch
from torch import nn

from twostage_hdr.cli.training_report import _epochs, count, ldr_scores, resumption
from twostage_hdr.data.triple import Triple
from twostage_hdr.losses.reconstruction import L1Loss
from twostage_hdr.losses.weighted import WeightedLoss
from twostage_hdr.networks.stage import Stage
from twostage_hdr.training.one_network import OneNetworkModule


@pytest.mark.parametrize(
    ("number", "said"),
    [(1, "1 epoch"), (2, "2 epochs"), (0, "0 epochs"), (-1, "epochs without end"), (None, "epochs without end")],
)
def test_epochs_are_counted_as_people_do(number: int | None, said: str) -> None:
    assert _epochs(number) == said


@pytest.mark.parametrize(
    ("epochs", "batches", "where"),
    [
        ({"ready": 1, "processed": 0}, {"is_last_batch": False, "current": {"processed": 40}}, "1 of 25, batch 41"),
        (
            {"ready": 1, "processed": 0},
            {"is_last_batch": True, "current": {"processed": 943}},
            "1 of 25, its validation",
        ),
        ({"ready": 1, "processed": 1}, {"is_last_batch": True, "current": {"processed": 943}}, "2 of 25, batch 1"),
        ({"ready": 3, "processed": 2}, {"is_last_batch": False, "current": {"processed": 1}}, "3 of 25, batch 2"),
    ],
)
def test_a_resumed_run_says_from_where(tmp_path: Path, epochs: dict, batches: dict, where: str) -> None:
    loops = {"epoch_progress": {"current": epochs}, "epoch_loop.batch_progress": batches}
    torch.save({"loops": {"fit_loop": loops}}, tmp_path / "last.ckpt")
    assert resumption(tmp_path / "last.ckpt", 25) == f"Resuming at epoch {where}, from {tmp_path / 'last.ckpt'}"


def test_the_frames_own_scores_are_those_of_the_validations_metrics() -> None:
    loss = WeightedLoss(terms={"l1": L1Loss()}, weights={"l1": 1.0})
    module = OneNetworkModule(network=Stage(features=8, growth=4), loss=loss, optimizer=torch.optim.Adam)
    ldr, reference = torch.rand(3, 24, 32), torch.rand(3, 24, 32)
    image = Triple(ldr, reference, reference, "street", torch.tensor(1.0))
    scores = ldr_scores(module, [image])["street"]
    assert set(scores) == {"psnr", "mu_psnr", "pu21_psnr", "ssim", "delta_e"}
    error = float(((ldr - reference) ** 2).mean())
    assert scores["psnr"] == pytest.approx(10 * math.log10(float(reference.max()) ** 2 / error), abs=1e-3)


def test_frozen_weights_are_not_trainable() -> None:
    network = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1).requires_grad_(False))
    assert count(network) == 2 * 3 + 3
