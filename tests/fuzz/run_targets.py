"""Readers of what runs, stores and weight files consist of, each with a valid file made here."""

import json
import pickle
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import h5py
import numpy as np
import torch
from hydra.errors import InstantiationException
from omegaconf import OmegaConf

from tests.fuzz.target import Target
from tests.inference.published.test_singlehdr import response_model
from tests.inference.published.test_tensorflow_checkpoint import INDEX, NUMBERS
from twostage_hdr.camera.measured_responses import MeasuredResponses
from twostage_hdr.cli.evaluation_data import build_data
from twostage_hdr.cli.hydra_command import config_directory
from twostage_hdr.cli.hydra_errors import refuse
from twostage_hdr.cli.run_directory import RunDirectory
from twostage_hdr.cli.targets import DATA, check_targets
from twostage_hdr.data.splits import Splits, read_splits, write_splits
from twostage_hdr.data.store.layout import fill_slots, reserve
from twostage_hdr.data.store.stored import Stored
from twostage_hdr.data.store.write_scene import Entry, read_entry, write_entry
from twostage_hdr.evaluation.method_row import MethodRow
from twostage_hdr.evaluation.protocol import COLUMNS
from twostage_hdr.evaluation.report.curves import charts, read_curves
from twostage_hdr.evaluation.results import read_results, write_results
from twostage_hdr.inference.network_description import describe_network
from twostage_hdr.inference.published.restricted_pickle import load_inert, read_object_array
from twostage_hdr.inference.published.singlehdr import _response_model
from twostage_hdr.inference.published.tensorflow_checkpoint import read_checkpoint
from twostage_hdr.inference.weights import load_weights, save_weights
from twostage_hdr.losses.baselines.vgg19 import read_vgg_convolutions
from twostage_hdr.networks.stage import Stage
from twostage_hdr.training.callbacks.checkpoint_file import newest_whole
from twostage_hdr.training.callbacks.validation_scores import ImageScores, read_scores, write_scores
from twostage_hdr.training.frozen_output_cache import read_output

STAGE = Stage(features=4, growth=2, blocks=1)
CONFIG = """
seed: 3
run_dir: ${run_dir}
data:
  _target_: twostage_hdr.data.datamodule.TripleDataModule
  source:
    _target_: twostage_hdr.data.procedural_source.ProceduralSource
    camera:
      _target_: twostage_hdr.camera.virtual_camera.VirtualCamera
      exposure: {_target_: twostage_hdr.camera.exposure.ClippedShareExposure, low: 0.01, high: 0.2}
      response: {_target_: twostage_hdr.camera.response.GammaResponse}
    count: 6
    height: 32
    width: 48
  batch_size: 8
"""
SPLITS = Splits(("a",), ("b",), ("c",))
RESPONSES = "camera\nfilm\nI =\n0 0.5 1\nB =\n0 0.7 1\n"
STORE = {
    "format": 1,
    "settings": {"patch_size": 8, "seed": 0},
    "exposures": ["medium"],
    "groups": {"a": "a", "b": "b", "c": "c"},
    "splits": asdict(SPLITS),
    "patches": {"a": 2},
}
ARRAYS = {
    "train/ldr": np.zeros((2, 1, 8, 8, 3), np.uint8),
    "train/reference": np.zeros((2, 8, 8, 3), np.uint16),
    "train/alignratio": np.ones(2),
    "train/stops": np.zeros((2, 1)),
    "train/scale": np.ones(2),
    **{f"{part}/0000_ldr": np.zeros((1, 9, 7, 3), np.uint8) for part in ("val", "test")},
    **{f"{part}/0000_reference": np.zeros((9, 7, 3), np.uint16) for part in ("val", "test")},
    **{f"{part}/{name}": np.ones(1) for part in ("val", "test") for name in ("alignratio", "scale")},
    **{f"{part}/stops": np.zeros((1, 1)) for part in ("val", "test")},
}
ENTRY = Entry(read={"a.exr": [3, 4, "0" * 64]}, places=[[0, 0, 1.0]], alignratio=[1.0], stops=[[0.0]], scale=[1.0])


def _checkpoint(path: Path) -> None:
    state = {f"network.{name}": value for name, value in STAGE.state_dict().items()}
    torch.save({"state_dict": state, "network": describe_network(STAGE), "epoch": 1}, path)


def _read_run(path: Path) -> object:
    config = RunDirectory(path.parent).config()
    check_targets(config, parts=DATA, trust=(), where=path)
    return config


def _build_run(path: Path) -> object:
    """What `evaluate` builds from a run's settings."""
    checkpoints = path.parent / "checkpoints"
    if not path.parent.is_dir():
        return RunDirectory(path.parent).config()
    checkpoints.mkdir(exist_ok=True)
    (checkpoints / "best.ckpt").touch()
    write_splits(path.parent / "splits.json", Splits(*((f"procedural_{number:05d}",) for number in range(3))))
    try:
        data, _ = build_data(OmegaConf.create({"weights": str(path.parent), "seed": None, "trust": None}))
    except InstantiationException as error:  # the command says it so
        refuse(error, "evaluate", (), config_directory())
    return len(data.frozen("val"))


def _fill(path: Path) -> None:
    fill_slots(path, 1, np.ones((1, 8, 8, 3), np.uint8))


def _write_kept(path: Path) -> None:
    np.save(path, np.zeros((3, 4, 5), np.float16))


def _objects(path: Path) -> None:
    arrays = np.empty(2, object)
    arrays[:] = [np.ones((2, 3), np.float32), np.ones(3, np.float32)]
    np.savez(path, params=arrays)


def _tensorflow(path: Path) -> object:
    path.with_suffix(".data-00000-of-00001").write_bytes(NUMBERS)
    return [array.sum() for array in read_checkpoint(path).values()]


def _vgg(path: Path) -> None:
    torch.save({"features.0.weight": torch.ones(2, 3, 3, 3), "features.0.bias": torch.ones(2)}, path)


def _keras(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["block1_conv1/kernel"] = np.ones((3, 3, 3, 2), np.float32)
        file["block1_conv1/bias"] = np.ones(2, np.float32)


def _store_with(name: str) -> Callable[[Path], object]:
    """A store in which one file is the given one, read through and through."""

    def read(path: Path) -> object:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "store.json").write_text(json.dumps(STORE), encoding="utf-8")
            for file, array in ARRAYS.items():
                (root / file).parent.mkdir(exist_ok=True)
                np.save(root / f"{file}.npy", array)
            (root / name).unlink()
            (root / name).symlink_to(path.absolute())
            stored = Stored(root)
            return [stored.patch(number) for number in range(len(stored))], stored.frozen("val", 0)

    return read


def _write_scores(path: Path) -> None:
    write_scores(path, [ImageScores(epoch, "a", {"psnr": 30.0, "ssim": 0.9}) for epoch in range(3)])


def _write_results(path: Path) -> None:
    write_results(path.parent, [MethodRow(name="a", title="A", per_image={"s": {"psnr": 1.0}})], COLUMNS[:1], {})


def _text(content: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(content, encoding="utf-8")


def _array(name: str) -> Callable[[Path], object]:
    return lambda path: np.save(path, ARRAYS[name])


def _legacy(path: Path) -> None:
    torch.save({"a": torch.ones(3)}, path, _use_new_zipfile_serialization=False)


def _old_pickle(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", pickle.dumps({"a": [1, {"b": (2, None)}]}, protocol=2))
        archive.writestr("a/version", "3\n")
        archive.writestr("a/byteorder", "little")


RUN_TARGETS: dict[str, Target] = {
    "weights": Target(
        load_weights,
        ["inference.weights"],
        {"a.safetensors": lambda path: save_weights(path, STAGE), "a.ckpt": _checkpoint},
    ),
    "published": Target(
        load_inert,
        ["inference.published.restricted_pickle"],
        {"a.pth": _checkpoint, "legacy.pth": _legacy, "plain.pth": _old_pickle},
    ),
    "TensorFlow checkpoint": Target(
        _tensorflow,
        ["inference.published.tensorflow_checkpoint"],
        {"model.ckpt.index": lambda path: path.write_bytes(INDEX)},
    ),
    "SingleHDR's responses": Target(
        lambda path: _response_model(path.parent),
        ["inference.published.singlehdr"],
        {"invemor.txt": _text(response_model())},
    ),
    "arrays of objects": Target(lambda path: read_object_array(path, "params"), [], {"a.npz": _objects}),
    "VGG": Target(
        lambda path: read_vgg_convolutions(path, count=1), ["losses.baselines.vgg19"], {"a.pth": _vgg, "a.h5": _keras}
    ),
    "run": Target(_read_run, ["cli.run_directory"], {"config.yaml": _text(CONFIG)}),
    "run's data": Target(_build_run, ["cli.evaluation_data"], {"config.yaml": _text(CONFIG)}),
    "run's checkpoints": Target(
        lambda path: newest_whole(path.parent), [], {"last.ckpt": _checkpoint, "previous.ckpt": _checkpoint}
    ),
    "run's id": Target(lambda path: RunDirectory(path.parent).wandb_id(), [], {"wandb_id.txt": _text("0123abcd\n")}),
    "responses": Target(
        lambda path: MeasuredResponses(str(path)), ["camera.measured_responses"], {"dorfCurves.txt": _text(RESPONSES)}
    ),
    "finished run": Target(
        lambda path: RunDirectory(path.parent).score, [], {"finished.json": _text('{"best": 3.5, "seconds": 1}')}
    ),
    "splits": Target(read_splits, ["data.splits"], {"splits.json": lambda path: write_splits(path, SPLITS)}),
    "scores": Target(read_scores, ["training.callbacks.validation_scores"], {"scores.csv": _write_scores}),
    "curves": Target(
        lambda path: charts(read_curves(path)),
        ["evaluation.report.curves"],
        {"metrics.csv": _text("step,epoch,train/l1,val/l1\n0,0,1.5,\n10,0,0.5,0.7\n20,1,0.25,\n")},
    ),
    "results": Target(read_results, ["evaluation.results"], {"summary.json": _write_results}),
    "journal": Target(
        read_entry,
        ["data.store.write_scene"],
        {"train_000000.json": lambda path: write_entry(path, ENTRY)},
    ),
    "reserved array": Target(_fill, ["data.store.layout"], {"ldr.npy": lambda path: reserve(path, "u1", (4, 8, 8, 3))}),
    "kept output": Target(
        lambda path: read_output(path, (3, 4, 5)), ["training.frozen_output_cache"], {"a.npy": _write_kept}
    ),
    "store": Target(
        _store_with("store.json"),
        ["data.store.stored", "data.store.prepare"],
        {"store.json": _text(json.dumps(STORE))},
    ),
    **{
        f"store's {name}": Target(_store_with(f"{name}.npy"), [], {"a.npy": _array(name)})
        for name in ("train/ldr", "train/stops", "val/0000_reference")
    },
}
TARGETS = RUN_TARGETS
"""For a campaign over these alone."""
