"""Long trainings of branch and context on patches of views."""

import json
from pathlib import Path

import lightning as L
import numpy as np
import pytest
import torch
from hydra.utils import instantiate
from torch import Tensor, nn

from experiments.weights.branch_views import KeptViews, Views, joined
from experiments.weights.long_rounds import START, compared, main, worth
from experiments.weights.patch_training import learnt, mean_of, settings, trained
from experiments.weights.patch_views import SIDE, KeptPatches, mirrored, patch, patch_corner, patch_place, patches_of
from twostage_hdr.camera.exposure import ClippedShareExposure
from twostage_hdr.camera.response import GammaResponse
from twostage_hdr.camera.virtual_camera import VirtualCamera
from twostage_hdr.data.photographic_views import ViewSettings
from twostage_hdr.data.view_source import ViewSource
from twostage_hdr.imaging.exr import write_exr
from twostage_hdr.inference.engine import Engine
from twostage_hdr.networks.frame_thumbnail import canvas_place
from twostage_hdr.networks.two_stage_whole_frame import FrameView, TwoStageWholeFrameNetwork

SIZES = {"features": 8, "growth": 4, "widths": [8, 8, 8], "curve_features": 4, "context_features": 8}
DECLARED = {"gamma": {"gamma": 1.0}, "any": {"estimated": 1.0}}


@pytest.fixture
def source(tmp_path: Path) -> ViewSource:
    """Views of a photograph, by two cameras of gamma 2.24."""
    (tmp_path / "hdr").mkdir()
    write_exr(tmp_path / "hdr" / "a.exr", np.random.default_rng(0).lognormal(-1, 1.5, (20, 30, 3)).astype(np.float32))
    camera = VirtualCamera(exposure=ClippedShareExposure(), response=GammaResponse(), noise=None, jpeg=None)
    cameras, shares = {"gamma": camera, "any": camera}, {"gamma": 1.0, "any": 1.0}
    views = ViewSettings(side=24)
    return ViewSource(root=str(tmp_path / "hdr"), camera=camera, cameras=cameras, shares=shares, views=views)


def network() -> TwoStageWholeFrameNetwork:
    torch.manual_seed(0)
    made = TwoStageWholeFrameNetwork(**SIZES).eval()
    for layer in (made.branch.leave, made.branch.curve.numbers, made.context.conv_out):
        nn.init.normal_(layer.weight, std=0.1)
    return made


@pytest.fixture
def views(source: ViewSource, tmp_path: Path) -> Views:
    """Eight, of an untrained network."""
    kept, (scene,) = KeptPatches(tmp_path / "patches", source, 8, DECLARED, network()), source.scenes()
    kept.keep([scene])
    kept.keep_two_stages(scene, Engine(network=network().two_stage))
    return joined([kept.of(scene)], [8])


def test_a_patch_is_around_something_clipped_and_black_beyond_the_frame() -> None:
    ldr = torch.full((3, 400, 100), 0.2)
    ldr[:, 350, 20] = 1
    for seed in range(20):
        top, left = patch_corner(ldr, np.random.default_rng(seed))
        cut = patch(ldr[None], top, left)
        assert cut.shape == (1, 3, SIDE, SIDE)
        assert cut.max() == 1
        assert left == 0
        assert not cut[..., 100:].any()


def test_patches_know_where_they_lie_on_the_thumbnails_canvas() -> None:
    height, width, top, left = 300, 500, 60, 250
    rows, columns = (torch.arange(SIDE) + begin for begin in (top, left))
    down, across = (each.flatten() for each in torch.meshgrid(rows, columns, indexing="ij"))
    expected = canvas_place(down, across, height, width).view(SIDE, SIDE, 2)
    torch.testing.assert_close(patch_place(torch.tensor([[top, left, height, width]]))[0], expected)


def test_views_in_a_mirror_are_themselves_when_mirrored_again(views: Views) -> None:
    batch = patches_of(views, [0, 2])
    twice, once = mirrored(mirrored(batch)), mirrored(batch)
    assert torch.equal(twice.ldr, batch.ldr)
    assert torch.equal(twice.place, batch.place)
    torch.testing.assert_close(once.place[..., 0, 0], -batch.place[..., -1, 0])
    torch.testing.assert_close(once.place[..., 0, 1], batch.place[..., -1, 1])
    assert torch.equal(patches_of(views, [0, 1]).ldr, views["ldr"][[0, 1]].flip(-1).float() / 255)


def test_the_losses_see_the_image_that_the_network_shows(views: Views, tmp_path: Path) -> None:
    start, batch = network(), patches_of(views, [0, 2, 4])
    module = instantiate(config(tmp_path).module)
    module.start_from(start)
    module.eval()
    seen: list[Tensor] = []
    module.image_loss.forward = lambda result, _: seen.append(result) or result.sum() * 0  # type: ignore[method-assign]
    module.log_losses = module.step_optimizers = lambda *_: None  # type: ignore[assignment]
    module.training_step(batch, 0)
    for place, (_, _, rows, columns) in enumerate(views["region"][[0, 2, 4]].tolist()):
        part = [image[place : place + 1, :, :rows, :columns] for image in (batch.ldr, batch.two_stage)]
        one = slice(place, place + 1)
        curve = type(batch.curve)(*(value[one] for value in batch.curve))
        thumbnail = type(batch.seen)(*(value[one] for value in batch.seen))
        lights = start.branch.lights(thumbnail, curve, batch.known[one])
        view = FrameView(curve, lights, lights, torch.ones(1, 1, 1, 1))
        hdr = part[1] * start.context(curve.encoded(batch.ldr[one]))[..., :rows, :columns]
        expected = start.lit(hdr, part[0], view, 0.5, top=0, height=rows, local=0.5)
        torch.testing.assert_close(seen[0][one, :, :rows, :columns], expected, atol=1e-4, rtol=1e-4)


def config(folder: Path):
    made = settings(folder)
    made.module.network.update(SIZES)
    return made


def test_branch_and_context_learn_and_nothing_else(views: Views, tmp_path: Path) -> None:
    start = network()
    before = {part: {name: value.clone() for name, value in some.items()} for part, some in learnt(start).items()}
    weights = trained(config(tmp_path), views, start, updates=1, seed=0, batch_size=2)
    moved = {
        part: {name for name, value in some.items() if not torch.equal(value, before[part][name])}
        for part, some in weights.items()
    }
    assert "conv_out.weight" in moved["context"]
    assert "leave.weight" in moved["branch"]
    assert not [name for name in moved["branch"] if name.startswith("curve.")]


class Terms(L.Callback):
    """The pinball loss of every update."""

    def __init__(self) -> None:
        self.pinball: list[float] = []

    def on_train_batch_end(self, trainer: L.Trainer, *_: object) -> None:
        self.pinball.append(float(trainer.callback_metrics["train/lights/pinball"]))


def test_a_long_run_lowers_the_losses(views: Views, tmp_path: Path) -> None:
    terms = Terms()
    trained(config(tmp_path), views, network(), updates=40, seed=0, batch_size=4, callbacks=(terms,))
    first, last = (float(np.mean(some)) for some in (terms.pinball[:10], terms.pinball[-10:]))
    assert last < 0.95 * first


def test_means_of_weights_and_differences_to_the_start() -> None:
    weights = {str(value): {"branch": {"a": torch.tensor(value)}, "context": {}} for value in (1.0, 2.0)}
    assert mean_of(weights)["branch"]["a"] == 1.5

    def scores(pu21: float) -> dict:
        keys = ("pu21_psnr", "crf_pu21_psnr", "stops_error_clipped")
        return {"random": {image: dict.fromkeys(keys, pu21 + more) for image, more in (("a", 0.0), ("b", 4.0))}}

    table = compared({START: scores(20.0), "new": scores(21.0)}, {"a": "here", "b": "there"})
    assert table["new"]["random"]["to the start"]["pu21_psnr"] == [1.0, 1.0, 1.0]
    assert (worth(table["new"]), worth(table[START])) == (pytest.approx(1.0), 0.0)


@pytest.mark.slow
def test_views_are_the_same_whichever_process_photographs_them(source: ViewSource, tmp_path: Path) -> None:
    scene = source.scenes()[0]
    for count in (1, 2):
        KeptViews(tmp_path / str(count), source, 2).keep([scene], count)
    one, other = (KeptViews(tmp_path / str(count), source, 2).of(scene) for count in (1, 2))
    assert one["cameras"] == other["cameras"]
    assert torch.equal(one["ldr"], other["ldr"])


def test_views_are_prepared_and_a_run_leaves_its_weights(tmp_path: Path) -> None:
    names = {part: [f"{part}.exr"] for part in ("train", "val", "test")}
    for seed, (name,) in enumerate(names.values()):
        scene = np.random.default_rng(seed).lognormal(-1, 1.5, (20, 30, 3))
        write_exr(tmp_path / name, scene.astype(np.float32))
    (tmp_path / "splits.json").write_text(json.dumps(names))
    common = ["--root", str(tmp_path), "--splits", str(tmp_path / "splits.json"), "--out", str(tmp_path / "out")]
    main([*common, "--kept", "2", "prepare"])
    main([*common, "--kept", "2", "run", "5", "--updates", "1", "--batch", "2"])
    weights = torch.load(tmp_path / "out" / "long_5.pt", weights_only=True)
    assert set(weights) == {"branch", "context"}
