"""What is stored of the training's features: probabilistic PCA, and a limit that holds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from napari_acs.inference.classify_outlier import distance
from napari_acs.training.classification.features import fit_gaussian, limit_of


def drawn(count, seed, scale=1.0):
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).normal(size=(3, 20))
    return scale * (rng.normal(size=(count, 3)) @ mixing * 2 + rng.normal(size=(count, 20))) + 5


def test_the_distance_is_mahalanobis_by_scikit_learn_s_covariance():
    features = drawn(60, 0)
    known = fit_gaussian(features, axes=3)
    scale = np.array(known.scale)
    pca = PCA(3, svd_solver="full").fit((features - features.mean(axis=0)) / scale)
    assert known.variances == pytest.approx(pca.explained_variance_, rel=1e-4)
    assert known.rest == pytest.approx(pca.noise_variance_, rel=1e-4)
    precision = pca.get_precision()
    for row in drawn(5, 1):
        away = (row - features.mean(axis=0)) / scale
        assert distance(known, row) == pytest.approx(np.sqrt(away @ precision @ away), rel=1e-3)


@given(st.floats(0.01, 1e4), st.integers(0, 20))
@settings(max_examples=10, deadline=None)
def test_units_do_not_matter(factor, seed):
    features, new = drawn(30, seed), drawn(1, seed + 100)[0]
    one, other = fit_gaussian(features), fit_gaussian(features * factor)
    assert distance(one, new) == pytest.approx(distance(other, new * factor), rel=1e-2)


def test_a_feature_that_never_varied_is_no_division_by_zero():
    features = np.c_[drawn(20, 0), np.zeros(20)]
    known = fit_gaussian(features)
    near, far = features[0], features[0].copy()
    far[-1] = 1.0
    assert np.isfinite(distance(known, far)) and distance(known, far) > 1.5 * distance(known, near)


def test_new_ones_lie_within_the_limit_as_often_as_it_says():
    """Over many trainings; a distance of the fitted cases themselves would promise too much."""
    within = []
    for seed in range(300):
        known = fit_gaussian(drawn(30, 3 * seed), axes=3)
        held_out = [distance(known, row) for row in drawn(40, 3 * seed + 1)]
        new = [distance(known, row) for row in drawn(20, 3 * seed + 2)]
        within.append(np.mean(np.array(new) <= limit_of(held_out, 0.9)))
    assert np.mean(within) == pytest.approx(0.9 + 0.5 / 41, abs=0.02)


def test_the_limit_of_too_few_is_the_largest():
    assert limit_of([3, 1, 2], 0.95) == 3
    assert limit_of(list(range(1, 20)), 0.95) == 19
    assert limit_of(list(range(1, 21)), 0.95) == 20
    assert limit_of(list(range(1, 100)), 0.95) == 95


def test_a_feature_that_was_silent_in_training_does_not_decide_all_alone():
    """A channel that no case of training woke up, and a new one does by a trifle."""
    features = np.c_[drawn(20, 0), np.zeros(20)]
    known, new = fit_gaussian(features), features[0].copy()
    new[-1] = 0.02 * features[:, :-1].std()
    assert distance(known, new) < 1.1 * distance(known, features[0])
