"""Libraries speak up when something is wrong, not to advertise or to report what nobody asked."""

import logging
import warnings

NOT_FOR_USERS = (
    r".*LeafSpec.* is deprecated",  # Lightning calling PyTorch
    r".*does not have many workers",  # data.workers is a choice
    r".*smaller than the logging interval",
    r".*module\(s\) in eval mode at the start of training",  # a frozen stage I is meant to be
    r".*The `srun` command is available on your system but is not used",
    r".*It is recommended to use `self.log\(.*sync_dist=True",  # such figures are rank 0's
)
"""Beginnings of warnings, as regular expressions, that a user can do nothing about."""


def quiet_lightning() -> None:
    """Silences Lightning's tips, hardware reports and progress notes, and warnings that tell a user nothing."""
    for name in ("lightning.pytorch", "lightning.fabric", "pytorch_lightning", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for message in NOT_FOR_USERS:
        warnings.filterwarnings("ignore", message=message)
