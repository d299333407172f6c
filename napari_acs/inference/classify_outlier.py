"""Whether a study looks to a classifier like those of its training."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_acs.inference.classification import Outlier

if TYPE_CHECKING:
    from napari_acs.models.feature_spec import Gaussian, TrainingFeatures


def distance(known: Gaussian, features: NDArray[np.floating]) -> float:
    """Return the Mahalanobis distance of features from those of training.

    Parameters
    ----------
    known : Gaussian
        Its covariance is, after scaling, ``axes.T @ diag(variances - rest) @ axes + rest``.
    features : ndarray, shape (features,)

    Notes
    -----
    Of the features whatever the class (Kamoi & Kobayashi 2020), which tells as much as the nearest
    class (Lee et al., NeurIPS 2018) and needs no more than a few cases of each.
    """
    scaled = (features - np.asarray(known.centre)) / np.asarray(known.scale)
    axes = np.asarray(known.axes).reshape(-1, len(known.centre))
    along = axes @ scaled
    beside = scaled - along @ axes
    squares = float((along**2 / np.asarray(known.variances)).sum() + (beside**2).sum() / known.rest)
    return sqrt(squares)


def outlier_of(known: TrainingFeatures, seen: Sequence[NDArray[np.floating]]) -> Outlier:
    """Judge what each member of a classifier saw of a study; see `napari_acs.models.classifier`."""
    each = [distance(one, features) for one, features in zip(known.members, seen, strict=True)]
    found = float(np.mean(each))
    limit = (
        f"{known.level:.0%} of studies like those of training lie within {known.limit:.1f} (by "
        f"{known.cases} that were held out)"
    )
    unlike = not found <= known.limit  # also a distance that is no number
    if unlike:
        said = f"The study looks unlike those of training: it lies {found:.1f} away, and {limit}."
    else:
        said = f"The study looks like those of training: it lies {found:.1f} away, and {limit}."
    return Outlier(found, known.limit, unlike, said)
