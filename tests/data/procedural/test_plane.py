import numpy as np

from twostage_hdr.data.procedural.plane import dot, mix, smoothstep, span


def test_smoothstep_rises_or_falls_between_its_limits() -> None:
    values = np.array([-1, 0, 0.25, 0.5, 1, 2], dtype=np.float32)
    expected = [0, 0, 3 * 0.25**2 - 2 * 0.25**3, 0.5, 1, 1]
    np.testing.assert_allclose(smoothstep(0, 1, values), expected, atol=1e-6)
    np.testing.assert_allclose(smoothstep(1, 0, values), 1 - np.array(expected), atol=1e-6)


def test_mix_ends_at_both_pictures() -> None:
    first, second = np.random.default_rng(0).standard_normal((2, 3, 4, 5))
    np.testing.assert_allclose(mix(first, second, np.zeros((4, 5))), first)
    np.testing.assert_allclose(mix(first, second, np.ones((4, 5))), second)


def test_dot_agrees_with_einsum() -> None:
    first, second = np.random.default_rng(0).standard_normal((2, 3, 4, 5))
    np.testing.assert_allclose(dot(first, second), np.einsum("chw,chw->hw", first, second))


def test_span_covers_all_that_is_true() -> None:
    assert span(np.array([False, True, False, True, False])) == slice(1, 4)
    assert span(np.zeros(5, dtype=bool)) == slice(0, 0)
