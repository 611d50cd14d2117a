import numpy as np
import pytest
import torch

from tests.refusal import refusal_of
from twostage_hdr.camera.any_response import AnyResponse
from twostage_hdr.radiometry.srgb import srgb_encode

RAMP = torch.linspace(0, 1, 256).expand(3, 2, 256)
NONE = {"sigmoid": 0.0, "gamma": 0.0, "srgb": 0.0, "s_curve": 0.0}


@pytest.mark.parametrize("kind", ["sigmoid", "gamma", "srgb", "s_curve"])
def test_every_draw_of_every_kind_rises_from_0_to_1(kind: str) -> None:
    response, rng = AnyResponse(**(NONE | {kind: 1.0})), np.random.default_rng(0)
    for _ in range(50):
        curve = response(RAMP, rng)[:, 0]
        assert bool((curve.diff(dim=-1) >= -1e-7).all())
        assert float(curve[:, 0].abs().max()) < 1e-6
        torch.testing.assert_close(curve[:, -1], torch.ones(3))


def test_srgb_alone_and_three_equal_channels_is_srgb() -> None:
    response = AnyResponse(**(NONE | {"srgb": 1.0}), channels=0)
    torch.testing.assert_close(response(RAMP, np.random.default_rng(0)), srgb_encode(RAMP))


def test_channels_differ_a_little() -> None:
    curve = AnyResponse(channels=0.02)(RAMP, np.random.default_rng(0))
    assert 0 < float((curve[0] - curve[2]).abs().max()) < 0.1


def test_s_curves_darken_shadows_and_brighten_lights() -> None:
    curve = AnyResponse(**(NONE | {"s_curve": 1.0}), channels=0)(RAMP, np.random.default_rng(0))
    plain = srgb_encode(RAMP)
    assert bool((curve[plain < 0.45] <= plain[plain < 0.45] + 1e-6).all())
    assert bool((curve[plain > 0.55] >= plain[plain > 0.55] - 1e-6).all())


def test_a_file_of_curves_is_drawn_from(tmp_path) -> None:
    text = "linear\ngraph\nI =\n0 0.5 1\nB =\n0 0.5 1\n"
    (tmp_path / "dorf.txt").write_text(text)
    response = AnyResponse(**NONE, measured=1, channels=0, file=str(tmp_path / "dorf.txt"))
    torch.testing.assert_close(response(RAMP, np.random.default_rng(0)), RAMP)


@pytest.mark.parametrize(
    ("wrong", "seen"),
    [
        ({"sigmoid": -1.0}, "[-1.0, "),
        (NONE, "[0.0, 0.0, 0.0, 0.0, 0]"),
        ({"gamma_low": 3.0}, "gamma=(3.0, "),
        ({"strength": 1.0}, "strength=1.0"),
        ({"channels": -0.1}, "channels=-0.1"),
    ],
)
def test_what_cannot_be_drawn_is_refused(wrong: dict[str, float], seen: str) -> None:
    with refusal_of("camera.response", seen):
        AnyResponse(**wrong)
