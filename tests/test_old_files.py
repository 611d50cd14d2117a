"""Files as version 0.1.0 wrote them, made here by hand: what lies on people's disks stays readable."""

import json
import math
import struct
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

from tests.cli.test_targets import OLD_RUN
from twostage_hdr.cli.evaluation_data import build_data
from twostage_hdr.cli.run_directory import RunDirectory
from twostage_hdr.data.splits import read_splits
from twostage_hdr.inference.weights import load_weights
from twostage_hdr.training.callbacks.validation_scores import read_scores

SHAPES = {
    "conv_in": (1, 3, 3, 3),
    **{f"blocks.0.dense.conv{number}": (1, number, 3, 3) for number in range(1, 6)},
    "blocks.0.attention.conv": (1, 1, 3, 3),
    "conv_out": (3, 1, 1, 1),
}
"""Convolutions of a stage of one feature, one channel of growth and one block; the gate has no bias."""
TENSORS = {
    "blocks.0.attention.gate.weight": (1, 2, 7, 7),
    **{f"{name}.weight": shape for name, shape in SHAPES.items()},
    **{f"{name}.bias": shape[:1] for name, shape in SHAPES.items()},
}
DESCRIPTION = {
    "network": "twostage_hdr.networks.stage.Stage",
    "hyper_parameters": {"features": 1, "growth": 1, "blocks": 1, "residual_factor": 0.2, "attention": True},
    "output": "encoded",
}
ADDED = 0.25
"""Bias of the last convolution; all other weights are 0, so that the stage adds it to its input."""


def values(name: str) -> list[float]:
    return [ADDED if name == "conv_out.bias" else 0.0] * math.prod(TENSORS[name])


def write_weights(path: Path) -> None:
    """The format of safetensors: length of the header, header, values; no checksum yet."""
    metadata = DESCRIPTION | {"hyper_parameters": json.dumps(DESCRIPTION["hyper_parameters"]), "licence": "MIT"}
    header: dict[str, object] = {"__metadata__": metadata}
    content = b""
    for name, shape in TENSORS.items():
        packed = struct.pack(f"<{math.prod(shape)}f", *values(name))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(content), len(content) + len(packed)]}
        content += packed
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content)


def write_run(folder: Path) -> Path:
    (folder / "checkpoints").mkdir(parents=True)
    state = {f"network.{name}": torch.tensor(values(name)).reshape(shape) for name, shape in TENSORS.items()}
    torch.save({"state_dict": state, "network": DESCRIPTION, "epoch": 3}, folder / "checkpoints" / "best.ckpt")
    scenes = {part: [f"procedural_0000{number}"] for number, part in enumerate(("train", "val", "test"))}
    for name, text in {
        "config.yaml": OLD_RUN,
        "splits.json": json.dumps(scenes | {"shared": False}),
        "validation_scores.csv": "epoch,scene,mu_psnr\n0,procedural_00001,21.5\n1,procedural_00001,nan\n",
        "metrics/version_0/metrics.csv": "step,epoch,train/l1,val/l1\n0,0,0.5,\n1,0,,0.25\n",
        "finished.json": '{\n "seconds": 61.5,\n "epochs": 4,\n "best": 31.25\n}\n',
        "wandb_id.txt": "0123abcd\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", ["a.safetensors", "run"])
def test_old_weights_compute_what_they_computed(tmp_path: Path, name: str) -> None:
    write_weights(tmp_path / "a.safetensors")
    write_run(tmp_path / "run")
    image = torch.rand(1, 3, 5, 7)
    torch.testing.assert_close(load_weights(tmp_path / name)(image), image + ADDED, rtol=0, atol=1e-6)


def test_an_old_run_gives_its_data_splits_scores_curves_and_end(tmp_path: Path) -> None:
    run = RunDirectory(write_run(tmp_path / "run"))
    data, _ = build_data(OmegaConf.create({"weights": str(run.path), "seed": None, "trust": None}))
    assert data.splits == read_splits(run.splits)
    assert [scene.id for scene in data.part("test")] == ["procedural_00002"]
    assert read_scores(run.scores)[0].scores == {"mu_psnr": 21.5}
    assert run.curves() == {"train/l1": [(0.0, 0.5)], "val/l1": [(1.0, 0.25)]}
    assert run.finished
    assert run.score == 31.25
    assert run.wandb_id() == "0123abcd"
