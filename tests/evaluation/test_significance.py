import math

import numpy as np
import pytest
from scipy.stats import wilcoxon

from twostage_hdr.evaluation.significance import holm, paired_p_value


def test_six_wins_out_of_six_places_have_the_exact_p_value() -> None:
    # Two-sided, all six signs equal: 2 / 2^6.
    assert paired_p_value(np.arange(1.0, 7), np.zeros(6), range(6)) == pytest.approx(2 / 64)


def test_images_of_one_place_count_once() -> None:
    differences = np.array([1.0, 2.0, 3.0, 4.0, -2.5, 6.0])
    copied = paired_p_value(np.repeat(differences, 4), np.zeros(24), np.repeat(np.arange(6), 4).tolist())
    assert copied == pytest.approx(float(wilcoxon(differences).pvalue))
    assert paired_p_value(np.ones(20), np.zeros(20), ["here"] * 20) == 1.0


def test_equal_scores_have_p_one_and_no_scores_have_none() -> None:
    assert paired_p_value(np.ones(4), np.ones(4), range(4)) == 1.0
    assert math.isnan(paired_p_value(np.array([]), np.array([]), []))


def test_holms_values_are_those_of_his_example() -> None:
    # Four tests: 0.005 * 4, 0.01 * 3, then 0.03 * 2, which the last, 0.04 * 1, may not fall below.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_corrected_values_end_at_one_and_what_is_no_number_does_not_count() -> None:
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    corrected = holm([math.nan, 0.04])
    assert math.isnan(corrected[0])
    assert corrected[1] == 0.04
    assert holm([]) == []
