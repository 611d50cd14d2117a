"""How large the players' weights are: a network that diverges shows here first."""

import lightning as L
from torch import nn

from twostage_hdr.training.reconstruction_module import ReconstructionModule


class WeightNorms(L.Callback):
    """Logs the Euclidean norm of each player's trainable weights at the end of every epoch."""

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """One number a player."""
        assert isinstance(pl_module, ReconstructionModule)
        for player in pl_module.players():
            norm = nn.utils.get_total_norm([parameter.detach() for parameter in player.parameters()])
            pl_module.log(f"train/{player.name}/weight_norm", norm, sync_dist=False, rank_zero_only=True)
