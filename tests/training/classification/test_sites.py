"""A class that goes with the site is found, and refused where it is nothing else."""

import itertools

import numpy as np
import pytest

from napari_acs.errors import BadInput
from napari_acs.training.classification.sites import refuse_site_labels, site_report


def names(count):
    return [f"p{number}" for number in range(count)]


def test_a_site_that_is_the_class_is_refused():
    sites, labels = ["a"] * 6 + ["b"] * 6, [0] * 6 + [1] * 6
    report = site_report(sites, labels, names(12))
    assert report.agreement == 1 and report.notable
    with pytest.raises(BadInput, match=r"site tells the class.*one class only.*site_is_class"):
        refuse_site_labels(report)


def test_one_exception_is_a_warning_and_no_refusal():
    report = site_report(["a"] * 6 + ["b"] * 6, [0] * 5 + [1] * 7, names(12))
    assert report.notable and report.agreement < 1
    refuse_site_labels(report)


def test_two_patients_of_a_site_that_agree_are_chance():
    report = site_report(["a", "a", "b", "b"], [0, 0, 1, 1], names(4))
    assert report.agreement == 1 and not report.notable
    refuse_site_labels(report)


def test_the_p_value_is_that_of_all_permutations():
    sites, labels = np.array(list("aaabbbbc")), [0, 0, 1, 1, 1, 1, 0, 0]

    def agreement(dealt):
        pairs = [(i, j) for i, j in itertools.combinations(range(8), 2) if sites[i] == sites[j]]
        return np.mean([dealt[i] == dealt[j] for i, j in pairs])

    report = site_report(sites.tolist(), labels, names(8))
    assert report.agreement == pytest.approx(agreement(labels))
    every = [agreement(dealt) for dealt in set(itertools.permutations(labels))]
    exact = np.mean(np.array(every) >= agreement(labels) - 1e-12)
    assert report.p == pytest.approx(exact, abs=0.02)


def test_visits_count_once_and_unknown_sites_not_at_all():
    once = site_report(list("aabb"), [0, 1, 0, 1], names(4))
    twice = site_report([*"aabb", *"aaaa"], [0, 1, 0, 1, 0, 0, 0, 0], [*names(4), *["p0"] * 4])
    assert once == twice
    assert site_report(["", "", ""], [0, 1, 0], names(3)) is None
    assert site_report(["a", "b", "c"], [0, 1, 0], names(3)) is None
    assert site_report(["a"] * 4, [0, 1, 0, 1], names(4)) is None
    assert site_report(list("aabb"), [1] * 4, names(4)) is None
    refuse_site_labels(None)
