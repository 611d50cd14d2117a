from functools import partial
from pathlib import Path

import lightning as L
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from tests.refusal import refusal_of
from twostage_hdr.camera.exposure import ClippedShareExposure
from twostage_hdr.camera.response import GammaResponse
from twostage_hdr.camera.virtual_camera import VirtualCamera
from twostage_hdr.data.datamodule import TripleDataModule
from twostage_hdr.data.procedural_source import ProceduralSource
from twostage_hdr.metrics.delta_e import DeltaE, EncodedDeltaE
from twostage_hdr.metrics.ssim import SSIM, EncodedSSIM
from twostage_hdr.training.non_finite import FILE
from twostage_hdr.training.optimisation import linear_decay
from twostage_hdr.training.reconstruction_module import ReconstructionModule
from twostage_hdr.training.zero_output import PATIENCE


@pytest.fixture
def data() -> TripleDataModule:
    """Five batches of two crops an epoch."""
    camera = VirtualCamera(exposure=ClippedShareExposure(), response=GammaResponse(), noise=None, jpeg=None)
    source = ProceduralSource(camera=camera, count=4, height=24, width=32)
    return TripleDataModule(source=source, batch_size=2, patch_size=16, crop_size=8, patches_per_epoch=11)


@pytest.mark.parametrize("clip", [None, 0.05])
def test_gradients_longer_than_the_clip_norm_are_shortened_to_it(supervised, fit, snapshot, sgd, clip) -> None:
    module = supervised(optimizer=sgd, clip_norm=clip)
    before = snapshot(module.network)
    curve = fit(module, 1)
    # A step of SGD at rate 1 is as long as its gradient; the logged norm is that before clipping.
    moved = float((snapshot(module.network) - before).norm())
    (norm,) = curve["train/network/gradient_norm"]
    assert norm > 0.05
    assert moved == pytest.approx(norm if clip is None else clip, rel=1e-3)


def test_gradients_shorter_than_the_clip_norm_stay_as_they_are(supervised, fit, snapshot, sgd) -> None:
    module = supervised(optimizer=sgd, clip_norm=1e6)
    before = snapshot(module.network)
    (norm,) = fit(module, 1)["train/network/gradient_norm"]
    assert float((snapshot(module.network) - before).norm()) == pytest.approx(norm, rel=1e-3)


@pytest.mark.parametrize(
    ("settings", "updates"),
    [
        ({}, 10),
        ({"limit_train_batches": 3}, 6),
        ({"limit_train_batches": 0.5}, 4),
        ({"limit_train_batches": 99}, 10),
        ({"max_epochs": 3}, 15),
    ],
)
def test_schedules_stretch_over_the_whole_run(supervised, trainer, data, settings: dict, updates: int) -> None:
    planned = []

    def schedule(optimizer: torch.optim.Optimizer, count: int) -> torch.optim.lr_scheduler.LRScheduler:
        planned.append(count)
        return linear_decay(optimizer, count, start=0.0)

    module = supervised(schedule=schedule)
    trainer(**({"max_epochs": 2, "limit_val_batches": 0} | settings)).fit(module, datamodule=data)
    assert planned == [updates]
    # The schedule was stepped after every update: at the run's end it has come to zero.
    assert module.optimizers().param_groups[0]["lr"] == pytest.approx(0)


def test_every_players_rate_follows_the_schedule(two_stage, trainer, data) -> None:
    module = two_stage(schedule=partial(linear_decay, start=0.0))
    trainer(limit_val_batches=0).fit(module, datamodule=data)
    assert [optimizer.param_groups[0]["lr"] for optimizer in module.optimizers()] == pytest.approx([0, 0, 0])


def test_a_schedule_without_an_end_is_refused(supervised, trainer, data) -> None:
    with refusal_of("trainer.max_epochs=-1"):
        trainer(max_epochs=-1, max_time="00:00:00:05").fit(supervised(schedule=linear_decay), datamodule=data)


def test_validation_scores_are_means_over_whole_images(supervised, trainer, one_batch) -> None:
    module, images = supervised(), one_batch(2)
    (scores,) = trainer().validate(module, DataLoader(images, batch_size=1), verbose=False)
    assert set(scores) == {"val/psnr", "val/mu_psnr", "val/pu21_psnr", "val/ssim", "val/delta_e"}
    expected = []
    for index in range(4):
        reference = images[index].reference16.double().numpy()
        with torch.no_grad():
            result = module.network(images[index].ldr[None])[0].double().numpy()
        expected.append(-10 * np.log10(np.mean(((reference - result) / reference.max()) ** 2)))
    assert scores["val/psnr"] == pytest.approx(np.mean(expected), rel=1e-4)


@pytest.mark.parametrize("wanted", [1, 3])
def test_data_of_another_number_of_exposures_are_refused_with_the_choice_that_fits(
    supervised, trainer, one_batch, wanted
) -> None:
    module, images = supervised(), one_batch(2)
    if wanted > 1:
        module.network.frames = wanted
        loader = images.loader()
    else:
        stacks = [
            image._replace(ldr=image.ldr.expand(3, 2, *image.ldr.shape)) for image in map(images.__getitem__, (0, 1))
        ]
        loader = DataLoader(stacks, batch_size=2)
    cure = "module=multi_shot" if wanted == 1 else "camera=all_exposures"
    with refusal_of("data", 4 - wanted, wanted, cure):
        trainer().fit(module, loader)


def test_stage_one_is_validated_against_the_8_bit_reference(enhancement, trainer, one_batch) -> None:
    module, images = enhancement(), one_batch(1)
    (scores,) = trainer().validate(module, images.loader(), verbose=False)
    with torch.no_grad():
        result = module.network(images.batch.ldr).double().numpy()
    reference = images.batch.reference8.double().numpy()
    peak = reference.max((1, 2, 3), keepdims=True)
    expected = -10 * np.log10(np.mean(((reference - result) / peak) ** 2, axis=(1, 2, 3)))
    assert scores["val/psnr"] == pytest.approx(expected.mean(), rel=1e-4)


def test_a_checkpoint_holds_plain_values_and_says_which_network_it_is_of(
    two_stage, trainer, one_batch, tmp_path: Path
) -> None:
    run: L.Trainer = trainer()
    module = two_stage()
    run.fit(module, one_batch(2).loader())
    run.save_checkpoint(tmp_path / "run.ckpt")
    content = torch.load(tmp_path / "run.ckpt", weights_only=True)
    assert content["network"]["network"] == "twostage_hdr.networks.two_stage.TwoStageNetwork"
    assert content["network"]["output"] == "encoded"
    assert content["network"]["hyper_parameters"]["features"] == 8
    assert len(content["optimizer_states"]) == 3


def test_frames_come_to_the_network_channels_last(supervised, trainer, data) -> None:
    module, layouts = supervised(), []
    module.network.register_forward_pre_hook(
        lambda network, inputs: layouts.append(inputs[0].is_contiguous(memory_format=torch.channels_last))
    )
    trainer(limit_val_batches=0).fit(module, datamodule=data)
    assert layouts == [True] * 5
    assert module.network.conv_in.weight.is_contiguous(memory_format=torch.channels_last)


def test_an_eight_bit_result_is_compared_as_it_is_shown_and_an_hdr_one_through_the_mu_law() -> None:
    class EightBit(ReconstructionModule):
        target = "reference8"

    network = torch.nn.Conv2d(3, 3, 1)
    assert isinstance(EightBit(network=network).val_scores["ssim"], EncodedSSIM)
    assert isinstance(EightBit(network=network).val_scores["delta_e"], EncodedDeltaE)
    assert isinstance(ReconstructionModule(network=network).val_scores["ssim"], SSIM)
    assert isinstance(ReconstructionModule(network=network).val_scores["delta_e"], DeltaE)


def test_soft_labels_differ_from_update_to_update_and_follow_the_seed() -> None:
    def drawn(seed: int, updates: int) -> list[float]:
        torch.manual_seed(seed)
        module = ReconstructionModule(network=torch.nn.Conv2d(3, 3, 1))
        module.updates = updates
        module.trainer = type("Alone", (), {"world_size": 1, "global_rank": 0, "strategy": None})()
        return torch.rand(4, generator=module.soft_labels()[0]).tolist()

    first = drawn(0, 0)
    assert drawn(0, 0) == first
    assert drawn(0, 1) != first
    assert drawn(1, 0) != first


class Scaled(torch.nn.Module):
    """The frame times one trained number: zero as soon as that is."""

    output = "encoded"

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = torch.nn.Parameter(torch.tensor(factor))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.factor * image)


@pytest.mark.parametrize(("factor", "stops"), [(-1.0, True), (1.0, False)])
def test_a_run_whose_image_stays_zero_is_stopped_and_the_share_is_logged(
    supervised, trainer, one_batch, sgd, factor: float, stops: bool
) -> None:
    module, images = supervised(network=Scaled(factor), optimizer=sgd), one_batch(PATIENCE + 5)
    run = trainer()
    if stops:
        with refusal_of(f"update {PATIENCE}", "100%", "identity_start=true"):
            run.fit(module, images.loader())
        assert module.updates == PATIENCE - 1
    else:
        run.fit(module, images.loader())
        assert module.updates == PATIENCE + 5
    assert float(run.callback_metrics["train/network/zero_share"]) == (1.0 if stops else 0.0)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("kind", ["enhancement", "tone_mapping", "two_stage", "supervised"])
def test_no_module_takes_a_step_from_a_batch_that_is_not_finite(
    kind: str, value: float, request: pytest.FixtureRequest, trainer, one_batch, tmp_path: Path
) -> None:
    module, images = request.getfixturevalue(kind)(), one_batch(1)
    images.reference16[0, 0, 0, 0] = value
    triples = [images[index]._replace(reference8=images.reference16[index]) for index in range(2)]
    before = [parameter.detach().clone() for parameter in module.parameters()]
    with refusal_of("epoch 1, update 1", tmp_path / FILE):
        trainer(default_root_dir=tmp_path).fit(module, DataLoader(triples, batch_size=2))
    assert module.updates == 0
    assert all(torch.equal(old, new) for old, new in zip(before, module.parameters(), strict=True))
