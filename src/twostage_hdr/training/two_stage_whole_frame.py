"""Trains the branch that looks at whole frames: their response, and the light of what is clipped."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from twostage_hdr.errors import InputError
from twostage_hdr.losses.gain_aligned import alignment_gain
from twostage_hdr.losses.whole_frame import AlignedLogErrorLoss, PinballLoss, ResponseErrorLoss
from twostage_hdr.networks.frame_thumbnail import thumbnail
from twostage_hdr.networks.light_map import LOWEST, QUANTILES, LightMap, light_at
from twostage_hdr.networks.response_curve import ResponseCurve, gamma_curve, srgb_curve
from twostage_hdr.networks.two_stage_context import clipping_weight
from twostage_hdr.networks.two_stage_whole_frame import TwoStageWholeFrameNetwork
from twostage_hdr.radiometry.gamma import HDM_GAMMA, decode_gamma
from twostage_hdr.training.optimisation import OptimizedPart, OptimizerFactory, ScheduleFactory, without_autocast
from twostage_hdr.training.reconstruction_module import Prediction, ReconstructionModule
from twostage_hdr.training.whole_frame_batch import WholeFrameBatch

CURVES: dict[str, Callable[..., ResponseCurve]] = {"srgb": srgb_curve, "gamma": partial(gamma_curve, HDM_GAMMA)}
"""Responses that a user may declare."""


class TwoStageWholeFrameModule(ReconstructionModule):
    """Only the branch learns. The two stages and their context are frozen, and not even run: below white they change
    nothing but noise, and at white the branch learns to be right alone.

    Batches are made by `whole_frame_batch` of frames of any size.

    Args:
        network: a `TwoStageWholeFrameNetwork`; start it from trained weights of the two stages (`weights=W`).
        optimizer: of the branch.
        declared: for each camera, how often its frames come with which response: {camera: {"srgb": share, "gamma":
            share, "estimated": share}}; the lights are learnt with that response.
        pinball, image, response: weights of the losses: of the quantiles (stops), of the scores (tenths of a dB), of
            the estimated response (stops).
        validate_as: the response that validation takes: a gamma, or one of these names.
        schedule: of the learning rate; None keeps it constant.
        clip_norm: see `ReconstructionModule`.

    Raises:
        InputError: another kind of network, or a response of another name.
    """

    network: TwoStageWholeFrameNetwork
    batch_type = WholeFrameBatch
    frozen_part = "two_stage"

    def __init__(
        self,
        *,
        network: nn.Module,
        optimizer: OptimizerFactory,
        declared: Mapping[str, Mapping[str, float]],
        pinball: float = 1.0,
        image: float = 0.5,
        response: float = 1.0,
        validate_as: Literal["srgb", "estimated"] | float = "estimated",
        schedule: ScheduleFactory | None = None,
        clip_norm: float | None = None,
    ) -> None:
        if type(network) is not TwoStageWholeFrameNetwork:  # a derived class may compute something else
            kind = type(network).__name__
            raise InputError(f"module.network={kind}", "this module trains network=two_stage_whole_frame")
        known = {"estimated", *CURVES}
        if not set().union(*declared.values()) <= known:
            raise InputError(f"module.declared={dict(declared)}", f"responses are {', '.join(sorted(known))}")
        super().__init__(network=network, clip_norm=clip_norm)
        network.two_stage.requires_grad_(False)
        network.context.requires_grad_(False)
        self.declared = {camera: dict(shares) for camera, shares in declared.items()}
        self.weights = {"pinball": pinball, "image": image, "response": response}
        self.validate_as = validate_as
        self.quantiles = [PinballLoss(quantile=quantile) for quantile in QUANTILES]
        self.image_loss, self.response_loss = AlignedLogErrorLoss(), ResponseErrorLoss()
        self.part = OptimizedPart("branch", network.branch, optimizer, schedule)

    def predict(self, ldr: Tensor) -> Prediction:
        """The network's image with the two stages skipped, as in training (seconds an image instead of minutes).

        So `val/*` of this module are not the scores of the whole network, which `evaluate` gives.
        """
        with without_autocast(ldr):
            seen = thumbnail(ldr)
        view = self.network.look(seen, self.validate_as)
        with without_autocast(ldr):
            result = self.network.lit(view.curve.encoded(ldr), ldr, view, top=0, height=ldr.shape[-2], local=0.0)
        return Prediction(result)

    def on_fit_start(self) -> None:
        """Keeps a copy of the frozen weights, once they are loaded."""
        weights = self.network.state_dict(prefix="network.")
        self.kept = {name: value.clone() for name, value in weights.items() if not name.startswith("network.branch.")}

    def training_step(self, batch: WholeFrameBatch, batch_idx: int) -> None:
        """One update of the branch."""
        branch = self.network.branch
        estimated = branch.response(batch.seen)
        names = self.responses(batch.cameras)
        curve = known_or(estimated, names)
        known = torch.cat([batch.ldr.new_full((1,), name != "estimated") for name in names])
        lights = branch.lights(batch.seen, curve, known)
        unknown = [place for place, name in enumerate(names) if name == "estimated"]
        with without_autocast(batch.ldr):
            parts = self.losses(batch, curve, lights) | self.response_losses(batch, estimated, unknown)
            total = torch.stack([self.weights[name] * value for name, value in parts.items()]).sum()
        self.log_losses("branch", total, parts)
        self.step_optimizers(batch.triple, [(self.part, total)])

    def responses(self, cameras: Sequence[str]) -> list[str]:
        """The response that each frame comes with, by name, drawn by seed and update."""
        rng = np.random.default_rng([self.seed, self.updates])
        names: list[str] = []
        for camera in cameras:
            if (shares := self.declared.get(camera)) is None:
                known = ", ".join(self.declared)
                raise InputError(f"module.declared: {known}", f"nothing for the camera {camera!r}", "add its responses")
            total = sum(shares.values())
            names.append(str(rng.choice(list(shares), p=[share / total for share in shares.values()])))
        return names

    def losses(self, batch: WholeFrameBatch, curve: ResponseCurve, lights: LightMap) -> dict[str, Tensor]:
        """Of the lights, means over the frames; the two stages are approximated by the identity."""
        seen, white = curve.encoded(batch.ldr), clipping_weight(batch.ldr)
        gain = alignment_gain(seen, batch.reference16)
        target = (decode_gamma(batch.reference16) / gain).clamp(min=LOWEST).log()
        *levels, shown = light_at(lights, batch.ldr, batch.place, (*QUANTILES, self.network.lights))
        pinball = [loss(level, target, white) for loss, level in zip(self.quantiles, levels, strict=True)]
        result = seen * (1 - white) + torch.exp(shown / HDM_GAMMA) * white
        return {
            "pinball": torch.stack(pinball).sum() / math.log(2),
            "image": self.image_loss(result, batch.reference16),
        }

    def response_losses(
        self, batch: WholeFrameBatch, estimated: ResponseCurve, unknown: Sequence[int]
    ) -> dict[str, Tensor]:
        """Of the responses that are to be estimated; nothing where all are known."""
        if not unknown:
            return {}
        *curve, ldr, reference = (  # one by one: a list of places would have to travel to the device
            torch.stack([values[place] for place in unknown]) for values in (*estimated, batch.ldr, batch.reference16)
        )
        return {"response": self.response_loss(ResponseCurve(*curve).linear(ldr), decode_gamma(reference))}


def known_or(estimated: ResponseCurve, names: Sequence[str]) -> ResponseCurve:
    """For each frame the curve of that name; an estimated one passes no gradient on."""
    device = estimated.exponent.device
    own = [ResponseCurve(*(value[place : place + 1].detach() for value in estimated)) for place in range(len(names))]
    chosen = [CURVES[name](device=device) if name in CURVES else curve for name, curve in zip(names, own, strict=True)]
    return ResponseCurve(*(torch.cat(values) for values in zip(*chosen, strict=True)))
