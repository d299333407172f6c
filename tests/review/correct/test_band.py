"""What is said of a range of brightness."""

from math import inf

import numpy as np
import pytest

from napari_acs.review.correct.band import Band


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (1, 2.5, "where T1 is from 1 to 2.5"),
        (1, inf, "where T1 is from 1 up"),
        (-inf, 2.5, "where T1 is up to 2.5"),
        (-inf, inf, "whatever T1 is"),
    ],
)
def test_a_limit_that_is_none_is_not_said(low, high, said):
    """*Flood* had said "from 572.5 to inf"."""
    assert Band(np.zeros((2, 2, 2)), low, high, "T1").said() == said
