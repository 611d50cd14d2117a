"""Short, paired trainings of the whole-frame branch, and what is tried of trained ones."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from torch import nn

from experiments.weights.branch_losses import CHOICES, RECIPE
from experiments.weights.branch_runs import losses_on, recipe, trained, unchanged
from experiments.weights.branch_views import KeptViews, ViewsModule, batch_of, joined, nested_by_place, spread
from experiments.weights.combinations import mean_of, mirrored
from experiments.weights.kept_frames import ValidationFrame, image_scores
from experiments.weights.learning_curve import steps
from twostage_hdr.camera.exposure import ClippedShareExposure
from twostage_hdr.camera.response import GammaResponse
from twostage_hdr.camera.virtual_camera import VirtualCamera
from twostage_hdr.data.photographic_views import ViewSettings
from twostage_hdr.data.triple import Triple
from twostage_hdr.data.view_source import ViewSource
from twostage_hdr.evaluation.protocol import score_image
from twostage_hdr.imaging.exr import write_exr
from twostage_hdr.networks.two_stage_whole_frame import TwoStageWholeFrameNetwork
from twostage_hdr.radiometry.gamma import decode_gamma

SIZES = {"features": 8, "growth": 4, "widths": [8, 8, 8], "curve_features": 4, "context_features": 8}


@pytest.fixture
def source(tmp_path: Path) -> ViewSource:
    """Views of two photographs, by two cameras of gamma 2.24."""
    folder = tmp_path / "hdr"
    folder.mkdir()
    for number, name in enumerate(("a.exr", "b.exr")):
        write_exr(folder / name, np.random.default_rng(number).lognormal(-1, 1.5, (20, 30, 3)).astype(np.float32))
    camera = VirtualCamera(exposure=ClippedShareExposure(), response=GammaResponse(), noise=None, jpeg=None)
    cameras, shares = {"gamma": camera, "any": camera}, {"gamma": 1.0, "any": 1.0}
    return ViewSource(root=str(folder), camera=camera, cameras=cameras, shares=shares, views=ViewSettings(side=24))


def network() -> TwoStageWholeFrameNetwork:
    torch.manual_seed(0)
    return TwoStageWholeFrameNetwork(**SIZES).eval()


def test_views_are_photographed_once_and_come_back_as_they_were(
    source: ViewSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = source.scenes()[0]
    first = KeptViews(tmp_path, source, 3).of(scene)
    monkeypatch.setattr(source, "triple", lambda *_: pytest.fail("photographed again"))
    again = batch_of(KeptViews(tmp_path, source, 3).of(scene), [2, 0])
    assert torch.equal(again.ldr[0], first["ldr"][2].float() / 255)
    assert again.cameras == [first["cameras"][2], first["cameras"][0]]
    assert set(first["cameras"]) <= {"gamma", "any"}


def test_the_8_bits_of_a_view_are_kept_exactly(source: ViewSource, tmp_path: Path) -> None:
    batch = batch_of(KeptViews(tmp_path, source, 1).of(source.scenes()[0]), [0])
    assert torch.equal((batch.ldr * 255).round(), batch.ldr * 255)
    assert batch.seen.cells.shape == (1, 11, 160, 160)


def test_every_view_comes_equally_often(source: ViewSource, tmp_path: Path) -> None:
    kept = KeptViews(tmp_path, source, 4)
    views = joined([kept.of(scene) for scene in source.scenes()[:2]], [4, 2])
    assert len(views["cameras"]) == len(views["ldr"]) == 6
    module = ViewsModule(views, updates=3, seed=0)  # 24 of 6
    seen = torch.cat([batch.seen.histogram for batch in module.train_dataloader()])
    counts = [int((seen == one).all(1).sum()) for one in views["histogram"]]
    assert counts == [4] * 6
    assert len(spread(views, 3)["cameras"]) == 3


def test_parts_of_the_places_are_nested_and_no_place_is_divided() -> None:
    groups = {f"image{number}": f"place{number // 2}" for number in range(16)}
    parts = nested_by_place(groups, (0.25, 0.5, 1.0), seed=0)
    assert [len(images) for images in parts.values()] == [4, 8, 16]
    assert set(parts[0.25]) < set(parts[0.5]) < set(parts[1.0])
    for images in parts.values():
        places = {groups[image] for image in images}
        assert {image for image in groups if groups[image] in places} == set(images)
    assert nested_by_place(groups, (0.25,), seed=1)[0.25] != parts[0.25]


def test_what_doubling_the_places_gives_is_paired_by_seed_and_image() -> None:
    def run(first: float, second: float) -> dict:
        return {"scores": {"gamma": {"a": {"pu21_psnr": first}, "b": {"pu21_psnr": second}}}}

    found = {"0.5": [run(20.0, 30.0), run(22.0, 28.0)], "1": [run(21.0, 31.0), run(23.0, 29.0)]}
    step = steps(found, "gamma", "pu21_psnr", {"a": "here", "b": "there"})
    assert step == {"0.5 to 1": {"mean": 1.0, "low": 1.0, "high": 1.0}}


def test_a_run_learns_the_branch_from_zero_and_leaves_the_rest(source: ViewSource, tmp_path: Path) -> None:
    overrides = [f"module.network.{name}={value}" for name, value in SIZES.items()]
    config = recipe(tmp_path, *overrides)
    kept, start = KeptViews(tmp_path, source, 8), network()
    views = joined([kept.of(source.scenes()[0])], [8])
    module = trained(config, views, start, updates=30, seed=0, change=unchanged)
    untrained = trained(config, views, start, updates=1, seed=0, change=unchanged)
    assert losses_on(module, views)["pinball"] < losses_on(untrained, views)["pinball"]
    for name, value in start.two_stage.state_dict().items():
        torch.testing.assert_close(module.network.two_stage.state_dict()[name], value, msg=name)


@pytest.mark.parametrize("choice", CHOICES)
def test_a_loss_choice_changes_what_it_says_and_nothing_else(choice: str, tmp_path: Path) -> None:
    config = recipe(tmp_path, *(f"module.network.{name}={value}" for name, value in SIZES.items()))
    before, after = instantiate(config.module), instantiate(config.module)
    CHOICES[choice][1](after)
    same = before.weights == after.weights and type(before.image_loss) is type(after.image_loss)
    assert same == (choice == RECIPE)
    assert after.weights["response"] == OmegaConf.select(config, "module.response")


def lamp() -> ValidationFrame:
    """A grey ramp with a clipped lamp left of the middle."""
    linear = torch.linspace(0.05, 0.8, 48).expand(3, 32, 48).clone()
    linear[:, 8:20, 6:18] = 5.0
    reference = linear ** (1 / 2.24)
    triple = Triple(reference.clamp(max=1), reference.clamp(max=1), reference, "lamp", torch.tensor(1.0))
    ldr = triple.ldr[None]
    return ValidationFrame(triple=triple, response=2.24, known=ldr, two_stage=ldr)


def test_the_mirror_images_light_lies_on_the_frames_own_side() -> None:
    built, frame = network(), lamp()
    nn.init.normal_(built.branch.leave.weight)
    flipped = frame.triple._replace(ldr=frame.triple.ldr.flip(-1))
    with torch.no_grad():
        own = mirrored(built, frame)
        other = mirrored(built, replace(frame, triple=flipped))
    for part, turned in zip(own[1].lights, other[0].lights, strict=True):
        torch.testing.assert_close(part, turned.flip(-1), atol=1e-4, rtol=1e-4)
    mean = mean_of(own).lights.whole
    torch.testing.assert_close(mean, (own[0].lights.whole + own[1].lights.whole) / 2)


def test_quick_scores_are_the_protocols() -> None:
    triple = lamp().triple
    result = decode_gamma(triple.ldr) * 1.3
    full = score_image(triple.ldr, triple.reference16, result)
    for key, value in image_scores(triple, result).items():
        assert value == pytest.approx(full[key], rel=1e-6), key
    assert np.isfinite(list(full.values())).all()
