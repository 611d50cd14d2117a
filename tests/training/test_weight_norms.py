import pytest
import torch

from twostage_hdr.training.weight_norms import WeightNorms


def test_the_norm_is_that_of_all_of_a_players_weights(supervised, trainer, one_batch) -> None:
    module = supervised()
    running = trainer(callbacks=[WeightNorms()])
    running.fit(module, one_batch(2).loader())
    expected = torch.cat([parameter.detach().flatten() for parameter in module.network.parameters()]).norm()
    assert float(running.callback_metrics["train/network/weight_norm"]) == pytest.approx(float(expected), rel=1e-5)
