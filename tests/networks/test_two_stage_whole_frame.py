import math

import pytest
import torch
from torch import nn

from twostage_hdr.networks.frame_thumbnail import thumbnail
from twostage_hdr.networks.light_map import LOWEST
from twostage_hdr.networks.response_curve import srgb_curve
from twostage_hdr.networks.two_stage_whole_frame import WIDENED, TwoStageWholeFrameNetwork, kept_colour, with_own_blacks


def network(*, identity: bool = False, local: float = 0.5) -> TwoStageWholeFrameNetwork:
    torch.manual_seed(0)
    sizes = {"features": 8, "growth": 4, "widths": (8, 8, 8), "curve_features": 4, "context_features": 8}
    built = TwoStageWholeFrameNetwork(**sizes, local=local).eval()
    nn.init.normal_(built.context.conv_out.weight, std=0.1)
    nn.init.normal_(built.branch.leave.weight)
    if identity:
        for stage in (built.two_stage.enhancement, built.two_stage.tone_mapping):
            nn.init.zeros_(stage.conv_out.weight)
            nn.init.zeros_(stage.conv_out.bias)
    return built


def frame() -> torch.Tensor:
    ldr = 0.9 * torch.rand(1, 3, 33, 47, generator=torch.Generator().manual_seed(1))
    ldr[..., 10:20, 10:30] = 1
    return ldr


def test_the_two_stages_are_the_papers() -> None:
    two_stage = TwoStageWholeFrameNetwork().two_stage
    assert sum(parameter.numel() for parameter in two_stage.parameters()) == 834_476


@pytest.mark.parametrize("gamma", [1.8, 2.24])
def test_below_white_the_result_is_the_declared_light_where_the_two_stages_change_nothing(gamma: float) -> None:
    ldr = frame()
    with torch.no_grad():
        result = network(identity=True)(ldr, gamma)
    dark = ldr < 0.95
    torch.testing.assert_close(result[dark] ** 2.24, ldr[dark] ** gamma, rtol=1e-3, atol=1e-6)


def test_without_a_local_part_white_is_the_branchs_light_alone_whatever_the_two_stages_say() -> None:
    one, other = network(local=0), network(local=0)
    nn.init.normal_(other.two_stage.tone_mapping.conv_out.weight)
    white = (frame() >= 1).expand(1, 3, 33, 47)
    with torch.no_grad():
        torch.testing.assert_close(one(frame())[white], other(frame())[white])


def test_white_light_stays_white_where_the_branch_names_no_colour() -> None:
    built = network(local=0)
    nn.init.zeros_(built.branch.leave.weight[6:])
    with torch.no_grad():
        light = built(frame())[0, :, 15, 15]
    torch.testing.assert_close(light, light[:1].expand(3))


@pytest.mark.parametrize("side", [1, 40])
def test_white_light_in_a_grey_frame_is_neutral_whatever_the_weights_say(side: int) -> None:
    grey = torch.full((1, 3, side, side), 0.5)
    grey[..., : side // 2 + 1, : side // 2 + 1] = 1
    with torch.no_grad():
        light = network()(grey)[0, :, 0, 0]
    assert light.max() == light.min()


def test_lights_keep_their_colours_in_coloured_frames_alone() -> None:
    built, ldr = network(), frame()
    seen = thumbnail(ldr)
    view = built.look(seen)
    assert float(view.colour) == 1
    greyish = seen._replace(cells=torch.cat((seen.cells[:, :1].expand(1, 3, 160, 160), seen.cells[:, 3:]), 1))
    assert float(built.look(greyish).colour) == 0


def test_where_the_response_is_a_guess_the_interval_is_wider_about_the_same_median() -> None:
    built, ldr = network(), frame()
    guess = built.look(thumbnail(ldr), "estimated")
    same = built.branch.lights(thumbnail(ldr), guess.curve, torch.zeros(1))
    assert torch.equal(guess.lights.whole, same.whole)
    for wide, narrow in ((guess.interval.whole, same.whole), (guess.interval.partly, same.partly)):
        torch.testing.assert_close(wide[:, 1], narrow[:, 1])
        torch.testing.assert_close(wide[:, 2] - wide[:, 1], WIDENED * (narrow[:, 2] - narrow[:, 1]))
        assert (wide[:, 0] <= narrow[:, 0]).all()
        assert wide.min() >= math.log(LOWEST) - 1e-6


def test_a_small_lamp_at_night_keeps_its_colour() -> None:
    night = torch.full((1, 3, 96, 96), 2 / 255)
    night[..., 40:46, 40:46] = torch.tensor([1.0, 0.6, 0.25])[:, None, None]
    night[..., 42:44, 42:44] = 1
    assert float(kept_colour(thumbnail(night))) == 1


def test_lights_brighten_white_and_nothing_else() -> None:
    built, ldr = network(), frame()
    with torch.no_grad():
        careful, brilliant = built(ldr, 2.24, 0.1), built(ldr, 2.24, 0.9)
    white = ldr >= 1
    assert bool((brilliant[white] > careful[white]).all())
    torch.testing.assert_close(brilliant[ldr < 0.95], careful[ldr < 0.95])


@pytest.mark.parametrize("response", ["srgb", "estimated", 2.24])
def test_the_darkest_tones_are_the_frames_own_where_its_response_is_declared(response: str | float) -> None:
    built, ldr = network(), frame()
    with torch.no_grad():
        view = built.look(thumbnail(ldr), response)
        known = view.curve.encoded(ldr)
        image, two_stage = built(ldr, response), built.two_stage(known) * built.context(known)
    darkest, others = known < 0.15, (known > 0.3) & (ldr < 0.95)
    expected = known if response == "srgb" else two_stage
    assert not torch.allclose(known[darkest], two_stage[darkest], rtol=0.1, atol=0)
    torch.testing.assert_close(image[darkest], expected[darkest])
    torch.testing.assert_close(image[others], two_stage[others])


def test_the_curve_of_srgb_and_its_name_are_the_same_but_for_the_darkest_tones() -> None:
    built, ldr = network(), frame()
    with torch.no_grad():
        named, given = built(ldr, "srgb"), built(ldr, srgb_curve())
    bright = srgb_curve().encoded(ldr) > 0.3
    assert torch.equal(named[bright], given[bright])
    assert not torch.equal(named, given)


def test_tones_pass_from_the_frames_own_to_the_two_stages_without_a_step_and_black_stays_0() -> None:
    known = torch.cat((torch.tensor([1e-8]), torch.linspace(0.001, 0.5, 5000))).expand(1, 3, 1, -1)
    image = with_own_blacks(known + 0.05, known)[0, 0, 0]
    assert image[0] == 0
    steps = image[1:].diff()
    assert bool((steps > 0).all())
    assert float(steps.max()) < 2 * 0.5 / 5000


def test_rows_are_those_of_the_whole() -> None:
    built, ldr = network(), frame()
    with torch.no_grad():
        view = built.look(thumbnail(ldr), "estimated")
        known = view.curve.encoded(ldr)
        hdr = built.two_stage(known) * built.context(known)
        rows = built.lit(hdr[:, :, 9:14], ldr[:, :, 9:14], view, top=9, height=33)
        torch.testing.assert_close(rows, built(ldr, "estimated")[:, :, 9:14])


def test_the_hyper_parameters_rebuild_the_network() -> None:
    built = network()
    twin = TwoStageWholeFrameNetwork(**built.hyper_parameters).eval()
    twin.load_state_dict(built.state_dict())
    with torch.no_grad():
        assert torch.equal(twin(frame()), built(frame()))


def test_the_local_part_draws_the_middle_to_what_is_seen_nearby_and_leaves_the_width() -> None:
    """ln light = q + w (ln I_H - q(0.5)): at the middle a mean of the two logarithms, between quantiles as without."""
    ldr = frame()
    white = (ldr >= 1).expand(1, 3, 33, 47)
    logs = {}
    with torch.no_grad():
        for local in (0.0, 0.25, 1.0):
            built = network(identity=True, local=local)
            logs[local] = [built(ldr, 2.24, quantile)[white].log() for quantile in (0.1, 0.5)]
    torch.testing.assert_close(logs[0.25][1], 0.75 * logs[0.0][1] + 0.25 * logs[1.0][1], rtol=0, atol=1e-4)
    for low, middle in logs.values():
        torch.testing.assert_close(middle - low, logs[0.0][1] - logs[0.0][0], rtol=0, atol=1e-4)
