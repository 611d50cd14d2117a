import torch

from twostage_hdr.expansion.banterle2006 import banterle2006, expand_map, inverse_reinhard


def test_reinhards_operator_takes_the_expansion_back() -> None:
    n = torch.linspace(0, 1, 101, dtype=torch.float64).reshape(1, 1, -1)
    for peak, stretch in ((10.0, 10.0), (3000.0, 3000.0), (10.0, 40.0)):
        scene = inverse_reinhard(n, peak=peak, stretch=stretch) * stretch / peak
        torch.testing.assert_close(scene * (1 + scene / stretch**2) / (1 + scene), n)


def test_the_expansion_is_monotone_never_below_the_ldr_frame_and_ends_at_the_peak() -> None:
    n = torch.linspace(0, 1, 1001).reshape(1, 1, -1)
    expanded = inverse_reinhard(n, peak=10.0, stretch=10.0)
    assert (expanded.diff() > 0).all()
    assert (expanded >= n).all()
    torch.testing.assert_close(expanded.max(), torch.tensor(10.0))


def test_the_map_is_one_at_a_lamp_and_almost_nothing_in_the_dark() -> None:
    L = torch.full((1, 128, 128), 0.02)
    L[:, 40:70, 60:90] = 1.0
    E = expand_map(L, 0.1)
    torch.testing.assert_close(E.max(), torch.tensor(1.0))
    assert E[0, 45:65, 65:85].min() > 0.7
    assert E[0, 90:].max() < 0.1


def test_the_map_stops_at_the_lamps_edge() -> None:
    L = torch.full((1, 128, 128), 0.02)
    L[:, 40:70, 60:90] = 1.0
    E = expand_map(L, 0.1)
    assert E[0, 55, 61] > 3 * E[0, 55, 58]


def test_a_lamp_in_the_dark_reaches_the_peak_and_the_dark_keeps_its_luminance() -> None:
    image = torch.full((3, 128, 128), 0.02)
    image[:, 40:70, 60:90] = 1.0
    out = banterle2006(image, gamma=1.0, white=100.0, max_output=3000.0)
    torch.testing.assert_close(out.max().item(), 3000.0, rtol=0.02, atol=0)
    torch.testing.assert_close(out[:, 100:], torch.full((3, 28, 128), 2.0), rtol=0.05, atol=0)
