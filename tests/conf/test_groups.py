"""Every config file composes where it belongs, and what it describes can be built."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import pytest
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from PIL import Image

from twostage_hdr.cli.hydra_command import config_directory
from twostage_hdr.cli.targets import check_settings
from twostage_hdr.data.datamodule import TripleDataModule
from twostage_hdr.data.triple import Triple
from twostage_hdr.losses.weighted import WeightedLoss
from twostage_hdr.networks.baselines.supervised import SupervisedOutput
from twostage_hdr.networks.stage import Stage
from twostage_hdr.radiometry.exposure_stack import reference_frame
from twostage_hdr.training.reconstruction_module import ReconstructionModule

CONF = config_directory()
PRIMARY = sorted(path.stem for path in CONF.glob("*.yaml"))
CHOICES = sorted(
    (path.parent.relative_to(CONF).as_posix(), path.stem)
    for path in CONF.rglob("*.yaml")
    if path.parent != CONF and not {"hydra", "base"} & set(path.relative_to(CONF).parts)
)

PLACES = {
    "network": "network@module.network",
    "discriminator": "discriminator@module.discriminator",
    "optimizer": "optimizer@module.optimizer",
    "schedule": "schedule@module.schedule",
    "loss": "loss@module.tone_mapping_loss",
}
"""Where a group goes in the primary config, if not under its own name."""

COMPARED = {
    "deep_chain_hdri": ("module.network.features=4",),
    "deep_recursive_hdri": ("module.network.features=4",),
    "drtmo": ("module.network.features=4",),
    "expandnet": ("module.network.features=4",),
    "fhdr": ("+module.network.features=8", "+module.network.growth=4", "module.network.iterations=2"),
    "gmnet": ("module.network.features=8",),
    "hdrcnn": ("module.network.features=4",),
    "hdrunet": ("module.network.features=8",),
    "lhdr": ("module.network.features=8",),
    "singlehdr": ("module.network.features=4",),
}

SEVERAL_SHOTS = {
    "ahdrnet": ("module.network.features=8", "module.network.growth=4"),
    "multi_shot": ("+module.discriminator.features=2", "module.network.features=8", "module.network.growth=4"),
}
"""Their networks see a stack of exposures."""

OURS = {
    "enhancement": ("+module.discriminator.features=2", "module.network.features=8", "module.network.growth=4"),
    "one_network": ("module.network.features=8", "module.network.growth=4"),
    "tone_mapping": ("module.network.features=8", "module.network.growth=4"),
    "two_stage": ("+module.discriminator.features=2", "module.network.features=8", "module.network.growth=4"),
    "two_stage_context": ("module.network.features=8", "module.network.growth=4"),
    "two_stage_whole_frame": ("module.network.features=8", "module.network.growth=4"),
}

TINY = OURS | SEVERAL_SHOTS | COMPARED

NEEDING_A_FOLDER = {
    ("experiment", "best"),
    ("experiment", "context"),
    ("experiment", "paper"),
    ("experiment", "whole_frame"),
}


def choices(group: str) -> list[str]:
    return [choice for of_group, choice in CHOICES if of_group == group]


def needed(group: str, choice: str) -> list[str]:
    """Mandatory values, and what goes into a place that the default config has not."""
    return ["data.root=nowhere"] if group == "data" or (group, choice) in NEEDING_A_FOLDER else []


@pytest.mark.parametrize(("group", "choice"), CHOICES)
def test_every_choice_of_every_group_composes_and_resolves(
    resolved: Callable[..., dict[str, Any]], group: str, choice: str
) -> None:
    place = PLACES.get(group, group)
    config = resolved(f"{place}={choice}", *needed(group, choice))
    assert {"module", "data", "trainer", "callbacks", "logger", "seed"} <= set(config)
    check_settings(OmegaConf.create(config))


@pytest.mark.parametrize("config", PRIMARY)
def test_every_verbs_config_says_in_its_first_lines_what_it_is_and_how_it_is_called(config: str) -> None:
    lines = (CONF / f"{config}.yaml").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert any(line.startswith(f"#   twostage-hdr {config}") for line in lines[:5])


@pytest.mark.parametrize(("group", "choice"), CHOICES)
def test_every_file_says_in_its_first_lines_what_it_chooses(group: str, choice: str) -> None:
    lines = (CONF / group / f"{choice}.yaml").read_text(encoding="utf-8").splitlines()
    assert any(line.startswith("# ") and not line.startswith("# @") for line in lines[:2])


def seen_by(network: torch.nn.Module, height: int, width: int) -> torch.Tensor:
    """A frame, or a stack of exposures."""
    frames = getattr(network, "frames", 1)
    return torch.rand(1, frames, 2, 3, height, width) if frames > 1 else torch.rand(1, 3, height, width)


@pytest.mark.parametrize("module", choices("module"))
def test_every_module_is_built_and_predicts(compose: Callable[..., DictConfig], module: str) -> None:
    built = instantiate(compose(f"module={module}", *TINY[module]).module)
    assert isinstance(built, ReconstructionModule)
    assert built.eval()(seen_by(built.network, 9, 7)).shape == (1, 3, 9, 7)
    assert built.optimized_parts()


def loss_places(module: str) -> list[str]:
    places = {
        "enhancement": ["objective.reconstruction"],
        "one_network": ["loss"],
        "tone_mapping": ["loss"],
        "two_stage": ["objective.reconstruction", "tone_mapping_loss"],
        "two_stage_context": ["loss"],
        "two_stage_whole_frame": [],
    }
    return places[module]


@pytest.mark.parametrize("loss", [loss for loss in choices("loss") if loss not in COMPARED])
@pytest.mark.parametrize("place", [f"{module}:{place}" for module in OURS for place in loss_places(module)])
def test_every_loss_fits_every_place_for_one(compose: Callable[..., DictConfig], place: str, loss: str) -> None:
    module, place = place.split(":")
    config = compose(f"module={module}", f"loss@module.{place}={loss}", *TINY[module])
    built = instantiate(config.module)
    for name in place.split("."):
        built = getattr(built, name)
    assert isinstance(built, WeightedLoss)
    total, _ = built(torch.rand(2, 3, 16, 16), torch.rand(2, 3, 16, 16))
    assert torch.isfinite(total)


@pytest.mark.parametrize("network", choices("network"))
def test_any_network_can_be_trained_alone(compose: Callable[..., DictConfig], network: str) -> None:
    built = instantiate(compose("module=one_network", f"network@module.network={network}").module)
    assert built.eval()(seen_by(built.network, 16, 16)).shape == (1, 3, 16, 16)


@pytest.mark.parametrize("schedule", choices("schedule"))
@pytest.mark.parametrize("module", choices("module"))
def test_every_schedule_fits_every_module(compose: Callable[..., DictConfig], module: str, schedule: str) -> None:
    built = instantiate(compose(f"module={module}", f"schedule@module.schedule={schedule}", *TINY[module]).module)
    for part in built.optimized_parts():
        optimizer = part.optimizer([torch.nn.Parameter(torch.zeros(1))])
        assert part.schedule(optimizer, 10).get_last_lr()[0] <= 5e-4


# Data.


@pytest.mark.parametrize("camera", choices("camera"))
def test_the_procedural_source_works_with_every_camera(compose: Callable[..., DictConfig], camera: str) -> None:
    small = ("data.source.count=4", "data.source.height=24", "data.source.width=32")
    data = instantiate(compose("data=procedural", f"camera={camera}", "data.crop_size=8", *small).data)
    assert isinstance(data, TripleDataModule)
    assert_first_batch(data)


@pytest.mark.parametrize("camera", choices("camera"))
def test_a_folder_of_images_works_with_every_camera(
    compose: Callable[..., DictConfig], tmp_path: Path, camera: str
) -> None:
    import cv2

    for number in range(3):
        pixels = np.random.default_rng(number).lognormal(0, 1, (12, 16, 3)).astype(np.float32)
        cv2.imwrite(str(tmp_path / f"{number}.hdr"), pixels)
    config = compose("data=hdr_folder", f"data.root={tmp_path}", f"camera={camera}", "data.crop_size=8")
    assert_first_batch(instantiate(config.data))


@pytest.mark.parametrize("exposure", ["short", "medium", "long", "random", "all"])
def test_the_challenges_layout_works_with_every_exposure(
    compose: Callable[..., DictConfig], tmp_path: Path, exposure: str
) -> None:
    import cv2

    rng = np.random.default_rng(0)
    for name in ("short", "medium", "long"):
        Image.fromarray(rng.integers(0, 255, (12, 16, 3), dtype=np.uint8)).save(tmp_path / f"0000_{name}.png")
    cv2.imwrite(str(tmp_path / "0000_gt.png"), rng.integers(0, 65535, (12, 16, 3), dtype=np.uint16))
    np.save(tmp_path / "0000_alignratio.npy", 6000.0)
    np.save(tmp_path / "0000_exposures.npy", np.array([-3, -1, 1]))
    config = compose("data=hdm", f"data.root={tmp_path}", f"data.source.exposure={exposure}", "data.crop_size=8")
    assert_first_batch(instantiate(config.data))


def assert_first_batch(data: TripleDataModule) -> None:
    batch = next(iter(data.train_dataloader()))
    assert isinstance(batch, Triple)
    assert reference_frame(batch.ldr).shape == (8, 3, 8, 8)


# The rest of a run.


@pytest.mark.parametrize("callbacks", choices("callbacks"))
@pytest.mark.parametrize("logger", choices("logger"))
def test_callbacks_and_loggers_are_built(compose: Callable[..., DictConfig], callbacks: str, logger: str) -> None:
    config = compose(f"callbacks={callbacks}", f"logger={logger}")
    assert all(isinstance(instantiate(part), L.Callback) for part in config.callbacks.values())
    for part in config.logger.values():
        assert "Logger" in part._target_
    if "wandb" in config.logger:
        assert config.logger.wandb.offline is True


def test_the_default_trainer_is_built(compose: Callable[..., DictConfig]) -> None:
    config = compose()
    trainer = instantiate(config.trainer, logger=False)
    assert isinstance(trainer, L.Trainer)
    assert trainer.max_epochs == 25


def test_the_module_alone_switches_everything_also_below_an_experiment(compose: Callable[..., DictConfig]) -> None:
    for module in choices("module"):
        for experiment in ("paper", "small"):
            built = instantiate(compose(f"experiment={experiment}", f"module={module}", *TINY[module]).module)
            alone = module in ("one_network", "ahdrnet") or module in COMPARED
            stages = "two_stage" if module == "multi_shot" else module
            name = "OneNetworkModule" if alone else f"{stages.title().replace('_', '')}Module"
            assert type(built).__name__ == name


def test_a_network_can_be_chosen_and_changed_from_the_command_line(compose: Callable[..., DictConfig]) -> None:
    config = compose("module=one_network", "network@module.network=tone_mapping", "module.network.blocks=3")
    network = instantiate(config.module.network)
    assert isinstance(network, Stage)
    assert network.hyper_parameters["blocks"] == 3
    assert network.hyper_parameters["residual_factor"] == 0.5


@pytest.mark.parametrize("module", sorted(COMPARED))
def test_every_compared_method_learns_by_its_own_loss(compose: Callable[..., DictConfig], module: str) -> None:
    built = instantiate(compose(f"module={module}", *COMPARED[module]).module)
    ldr = torch.rand(2, 3, 32, 32)
    network = built.network
    shown = network.supervised_output(ldr) if isinstance(network, SupervisedOutput) else network(ldr)
    total, parts = built.loss(shown.float(), (ldr * 2).clamp(max=1.6))
    total.backward()
    assert list(parts) == [module]
    assert total > 0
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    assert gradients
    assert all(torch.isfinite(gradient).all() for gradient in gradients)


# What a user of Hydra expects.


@pytest.mark.parametrize("experiment", choices("experiment"))
def test_no_recipe_chooses_hardware(resolved: Callable[..., dict[str, Any]], experiment: str) -> None:
    base, recipe = resolved()["trainer"], resolved(f"experiment={experiment}")["trainer"]
    for setting in ("accelerator", "devices", "num_nodes", "strategy", "precision"):
        assert recipe[setting] == base[setting]


@pytest.mark.parametrize("trainer", choices("trainer"))
def test_winograds_products_are_the_choice_of_a_cpu(compose: Callable[..., DictConfig], trainer: str) -> None:
    for callbacks in choices("callbacks"):
        config = compose(f"trainer={trainer}", f"callbacks={callbacks}")
        assert ("winograd" in config.callbacks) == ("cpu" in trainer)
        names = list(config.callbacks)  # the averaged weights copy what the network is by then
        assert "ema" not in names or "winograd" not in names or names.index("winograd") < names.index("ema")


def test_each_callbacks_choice_is_what_its_name_says_and_no_more(compose: Callable[..., DictConfig]) -> None:
    default = set(compose("callbacks=default").callbacks)
    assert set(compose("callbacks=ema").callbacks) == default | {"ema"}
    assert set(compose("callbacks=early_stopping").callbacks) == default | {"early_stopping"}
    assert set(compose("callbacks=ema_early_stopping").callbacks) == default | {"ema", "early_stopping"}


@pytest.mark.parametrize("group", ["experiment", "ablation", "debug"])
def test_none_of_a_group_is_the_base_itself(resolved: Callable[..., dict[str, Any]], group: str) -> None:
    assert resolved(f"{group}=none") == resolved()


def test_without_its_adversary_a_run_has_no_discriminator_at_all(resolved: Callable[..., dict[str, Any]]) -> None:
    for overrides in (("ablation=without_gan",), ("experiment=best",), ("~discriminator@module.discriminator",)):
        assert "discriminator" not in resolved(*overrides)["module"]
    assert "discriminator" in resolved("experiment=best", "discriminator@module.discriminator=paper")["module"]


@pytest.mark.parametrize(
    ("data", "variable"),
    [
        ("hdm", "HDM_ROOT"), ("hdm_paper", "HDM_ROOT"), ("hdr_folder", "HDR_ROOT"), ("kalantari", "KALANTARI_ROOT"),
        ("store", "STORE_ROOT"),
        ("paired", "PAIRS_ROOT"), ("gain_map", "PHOTOS_ROOT"),
    ],
)  # fmt: skip
def test_the_environment_may_say_where_the_data_are(
    resolved: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch, data: str, variable: str
) -> None:
    monkeypatch.setenv(variable, "/somewhere")
    assert resolved(f"data={data}")["data"]["root"] == "/somewhere"
    assert resolved(f"data={data}", "data.root=here")["data"]["source"]["root"] == "here"


@pytest.mark.parametrize("network", ["enhancement", "hdrunet", "one_stage", "tone_mapping", "two_stage"])
def test_one_setting_lets_networks_with_a_skip_start_at_the_identity(
    compose: Callable[..., DictConfig], network: str
) -> None:
    small = "module.network.features=8"
    chosen = ("module=one_network", f"network@module.network={network}", small)
    image = torch.rand(1, 3, 12, 8)
    assert torch.equal(instantiate(compose(*chosen, "identity_start=true").module.network)(image), image)
    assert not torch.equal(instantiate(compose(*chosen).module.network)(image), image)


def test_an_experiment_may_set_what_the_primary_config_has(compose: Callable[..., DictConfig]) -> None:
    assert compose("experiment=demo").module.network.identity_start is True
    assert compose("experiment=demo", "identity_start=false").module.network.identity_start is False
    assert compose().module.network.identity_start is False
