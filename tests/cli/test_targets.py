"""Which classes a configuration may name, and what of a run folder is believed."""

from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from tests.refusal import refusal_of
from twostage_hdr.cli.evaluation_data import build_data
from twostage_hdr.cli.run_directory import RunDirectory
from twostage_hdr.cli.targets import DATA, check_settings, check_targets, rename_moved, their_packages, trusted
from twostage_hdr.inference.weights import SHIPPED

OLD_RUN = """
module:
  network: {_target_: twostage_hdr.networks.stage.Stage, features: 8}
  _target_: twostage_hdr.training.supervised.SupervisedModule
data:
  _target_: twostage_hdr.data.datamodule.TripleDataModule
  root: null
  source:
    _target_: twostage_hdr.data.procedural_source.ProceduralSource
    camera:
      _target_: twostage_hdr.camera.virtual_camera.VirtualCamera
      exposure: {_target_: twostage_hdr.camera.exposure.ClippedShareExposure, low: 0.01, high: 0.2}
      response: {_target_: twostage_hdr.camera.response.SigmoidResponse}
    count: 6
    height: 32
    width: 48
  seed: 3
trainer:
  _target_: lightning.Trainer
  plugins:
  - {_target_: twostage_hdr.training.checkpoint_file.AtomicCheckpointIO}
callbacks:
  checkpoints: {_target_: twostage_hdr.training.run_checkpoints.RunCheckpoints, directory: '${run_dir}/checkpoints'}
  progress: {_target_: twostage_hdr.training.progress.Progress}
seed: 3
run_dir: ${run_dir}
"""
"""The settings of a run of the time before the callbacks had a folder of their own, shortened."""


def write_run(folder: Path, config: str = OLD_RUN) -> RunDirectory:
    """A run with a checkpoint that anyone may read: a shipped set's name is not needed, only its place."""
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "config.yaml").write_text(config)
    (folder / "splits.json").write_text(
        '{"train": ["procedural_00000"], "val": ["procedural_00001"], "test": ["procedural_00002"]}'
    )
    (folder / "checkpoints" / "best.ckpt").write_bytes((SHIPPED / "demo.safetensors").read_bytes())
    return RunDirectory(folder)


def evaluated(run: RunDirectory, **settings: object) -> None:
    config = {"weights": str(run.path), "seed": None, "trust": None}
    build_data(OmegaConf.create(config | settings))


def test_a_run_from_before_the_classes_moved_still_gives_its_data_and_settings(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    config = run.config()
    assert config.module._target_ == "twostage_hdr.training.one_network.OneNetworkModule"
    assert config.trainer.plugins[0]._target_.startswith("twostage_hdr.training.callbacks.")
    assert config.callbacks.progress._target_ == "twostage_hdr.training.callbacks.throughput.Progress"
    evaluated(run)


ATTACKS = {
    "another package": ("twostage_hdr.data.procedural_source.ProceduralSource", "torch.utils.collect_env.run"),
    "an import of ours": ("twostage_hdr.camera.response.SigmoidResponse", "twostage_hdr.data.workers.os.system"),
    "a function of ours": ("twostage_hdr.camera.response.SigmoidResponse", "twostage_hdr.data.splits.write_splits"),
    "another part of ours": ("twostage_hdr.camera.response.SigmoidResponse", "twostage_hdr.cli.main.main"),
    "deep inside": ("count: 6", "count: [{a: {_partial_: true, _target_: os.system}}]"),
    "no text": ("twostage_hdr.camera.response.SigmoidResponse", "[os.system]"),
    "an interpolation": ("count: 6", "count: ${oc.create:{_target_: os.system}}"),
    "an escaped interpolation": ("count: 6", "count: '\\\\${oc.env:HOME}'"),
    "aliases": ("count: 6", "a: &a [1,1,1,1,1,1,1,1,1,1]\n    b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                "    c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n    d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
                "    e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n    f: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]"),
    "an object": ("count: 6", "count: !!python/object/apply:os.system [touch ran]"),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_run_folder_runs_no_code(tmp_path: Path, attack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    old, new = ATTACKS[attack]
    assert old in OLD_RUN
    run = write_run(tmp_path / "run", OLD_RUN.replace(old, new))
    with refusal_of(run.path / "config.yaml") as caught:
        evaluated(run)
    assert caught.value.cure
    assert not (tmp_path / "ran").exists()


def test_a_package_of_the_users_is_taken_if_trusted_and_named_if_not() -> None:
    config = OmegaConf.create({"data": {"source": {"_target_": "theirs.data.Scenes"}}})
    with refusal_of("run", "theirs.data.Scenes", "trust=[theirs]"):
        check_targets(config, parts=DATA, trust=[], where="run")
    check_targets(config, parts=DATA, trust=["theirs"], where="run")
    assert their_packages(config) == {"theirs"}


def test_ours_and_the_libraries_are_not_taken_for_the_users_own() -> None:
    config = OmegaConf.create({"a": [{"_target_": "torch.optim.Adam"}, {"_target_": "twostage_hdr.x.Y"}], "b": None})
    assert their_packages(config) == set()


def test_names_that_have_moved_are_replaced_wherever_they_are() -> None:
    old = {"_target_": "twostage_hdr.training.supervised.SupervisedModule"}
    config = OmegaConf.create({"a": [old, {"b": dict(old)}], "c": "${a}", "d": "???", "e": None})
    OmegaConf.set_struct(config, True)
    rename_moved(config)
    assert config.a[1].b._target_ == config.a[0]._target_ == "twostage_hdr.training.one_network.OneNetworkModule"


@pytest.mark.parametrize(
    ("value", "names"), [(None, []), ("mine", ["mine"]), (["mine", "other.part"], ["mine", "other.part"])]
)
def test_trust_is_a_list_of_packages(value: object, names: list[str]) -> None:
    assert trusted(OmegaConf.create({"trust": value})) == names


@pytest.mark.parametrize("value", ["", ["a b"], [3], ["../x"]])
def test_anything_else_is_refused(value: object) -> None:
    with refusal_of(f"trust={value}", "trust=[mypackage]"):
        trusted(OmegaConf.create({"trust": value}))


class Lamp:
    """Something with typed arguments."""

    def __init__(self, *, watts: float | None, count: int = 1, name: str = "", mode: str | int = 0) -> None:
        pass


class Anything:
    """Something that takes whatever it is given."""

    def __init__(self, **settings: Any) -> None:
        pass


LAMP = f"{__name__}.Lamp"


@pytest.fixture
def by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {LAMP: Lamp, "anything": Anything}
    monkeypatch.setattr("twostage_hdr.cli.targets.get_object", known.__getitem__)


def check(**lamp: Any) -> None:
    check_settings(OmegaConf.create({"rooms": [{"lamp": {"_target_": LAMP, **lamp}}]}))


@pytest.mark.usefixtures("by_name")
@pytest.mark.parametrize(
    "lamp",
    [
        {"watts": 3, "count": 2},
        {"watts": None},
        {"watts": "???"},  # to be given yet: somebody else says so
        {"name": "many", "mode": "auto"},
        {"_partial_": True},
    ],
)
def test_what_fits_passes(lamp: dict[str, Any]) -> None:
    check(**lamp)


@pytest.mark.usefixtures("by_name")
def test_an_argument_that_does_not_exist_is_told_with_those_that_do() -> None:
    with refusal_of("rooms.0.lamp.wats", "rooms.0.lamp", "watts, count, name, mode"):
        check(wats=3)


@pytest.mark.usefixtures("by_name")
@pytest.mark.parametrize("lamp", [{"watts": "bright"}, {"count": "many"}])
def test_words_in_place_of_a_number_are_refused(lamp: dict[str, Any]) -> None:
    (name, value), *_ = lamp.items()
    with refusal_of(f"rooms.0.lamp.{name}={value}"):
        check(**lamp)


@pytest.mark.usefixtures("by_name")
def test_a_target_that_takes_anything_is_given_it() -> None:
    check_settings(OmegaConf.create({"_target_": "anything", "watts": "bright"}))
