import numpy as np
import pytest
from scipy.signal import correlate2d

from twostage_hdr.inference.winograd.transforms import WinogradMatrices, winograd_matrices


def matrices_of_numpy() -> WinogradMatrices:
    return WinogradMatrices(*(matrix.numpy() for matrix in winograd_matrices()))  # type: ignore[arg-type]


def test_sixteen_outputs_of_a_correlation_equal_scipys() -> None:
    rng = np.random.default_rng(0)
    patch, taps = rng.normal(size=(6, 6)), rng.normal(size=(3, 3))
    matrices = matrices_of_numpy()
    product = (matrices.weight @ taps.ravel()) * (matrices.input @ patch.ravel())
    ours = (matrices.output @ product).reshape(4, 4)
    np.testing.assert_allclose(ours, correlate2d(patch, taps, mode="valid"), atol=1e-12)


def test_36_products_replace_144() -> None:
    matrices = matrices_of_numpy()
    assert matrices.output.shape == (16, 36)
    assert matrices.weight.shape == (36, 9)
    assert matrices.input.shape == (36, 36)


def test_rounding_is_amplified_less_than_with_the_usual_integer_points() -> None:
    # Operator norms bound the growth of rounding errors; the points 0, +-1, +-2 are those of Lavin and Gray.
    matrices = matrices_of_numpy()
    growth = np.prod([np.linalg.norm(matrix, 2) for matrix in matrices])
    output = [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]]
    weight = [[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]  # times 24
    inputs = [[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0]]
    inputs += [[0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1]]
    usual = np.prod([np.linalg.norm(np.kron(m, m), 2) for m in (output, np.array(weight) / 24, inputs)])
    assert growth < usual / 2


@pytest.mark.parametrize("position", range(36))
def test_each_output_sees_exactly_its_nine_inputs(position: int) -> None:
    matrices = matrices_of_numpy()
    patch = np.zeros(36)
    patch[position] = 1.0
    response = matrices.output @ ((matrices.weight @ np.ones(9)) * (matrices.input @ patch))
    y, x = divmod(position, 6)
    rows, columns = np.mgrid[:4, :4]
    sees = (y - rows >= 0) & (y - rows < 3) & (x - columns >= 0) & (x - columns < 3)
    np.testing.assert_allclose(response.reshape(4, 4), sees.astype(float), atol=1e-12)
