import pytest
from torch import nn

from twostage_hdr.cli.training_report import _epochs, count


@pytest.mark.parametrize(
    ("number", "said"),
    [(1, "1 epoch"), (2, "2 epochs"), (0, "0 epochs"), (-1, "epochs without end"), (None, "epochs without end")],
)
def test_epochs_are_counted_as_people_do(number: int | None, said: str) -> None:
    assert _epochs(number) == said


def test_frozen_weights_are_not_trainable() -> None:
    network = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1).requires_grad_(False))
    assert count(network) == 2 * 3 + 3
