"""Several predictions of one study: mirrored inputs, several models, their mean and spread."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from inference.conftest import KnownBundle
from models.test_bundle import SPEC
from torch import nn

from napari_acs.imaging import to_model_space
from napari_acs.inference import Progress, Result, run
from napari_acs.inference.moments import Moments
from napari_acs.inference.views import without_own_views
from napari_acs.inference.windows import plan_windows
from napari_acs.models import save_bundle
from napari_acs.models.ensemble import ACSUNetEnsemble
from napari_acs.models.spec import GLIOMA_OUTPUT

CHANNELS = ("flair", "t1ce", "t2", "t1")


class Leaning(nn.Module):
    """Says more the further right a voxel lies in its window; ``shift`` is added to all."""

    def __init__(self, lean: float = 0.0, shift: float = 0.0) -> None:
        super().__init__()
        self.lean, self.shift, self.seen = lean, shift, []

    def __deepcopy__(self, memo):
        return self

    def forward(self, x):
        self.seen.append(x.clone())
        ramp = torch.linspace(-self.lean, self.lean, x.shape[-1])
        return 3 * (x[:, :3] - 1.5) + ramp + self.shift


def _bundle(net, **changes):
    bundle = KnownBundle(net=net)
    bundle.spec = bundle.spec.model_copy(update=changes)
    return bundle


def _made(study, bundle, **wishes):
    end = list(run(study, bundle, device="cpu", **wishes))[-1]
    assert isinstance(end, Result), end
    return end.segmentation


def _on_grid(made, part):
    return made.probabilities.spread(part.astype(np.float32))


@given(st.lists(st.integers(1, 4), min_size=1, max_size=5), st.integers(0, 99))
def test_moments_are_numpys_in_whatever_portions_they_come(portions, seed):
    noise = np.random.default_rng(seed).normal(3, 2, (sum(portions), 2, 3, 4, 5))
    maps = noise.astype(np.float32)
    all_of_them, first = Moments(), 0
    for count in portions:
        some = Moments()
        for each in maps[first : first + count]:
            some.add(each.copy())
        all_of_them.add(some.mean, some.variance, some.count)
        first += count
    np.testing.assert_allclose(all_of_them.mean, maps.mean(axis=0), atol=1e-5)
    if len(maps) == 1:
        assert all_of_them.variance is None
    else:
        np.testing.assert_allclose(all_of_them.variance, maps.var(axis=0), atol=1e-5)


def test_mirrored_inputs_are_averaged_where_they_belong(known_study):
    leaning, upright = Leaning(lean=2.0), Leaning()
    made = _made(known_study, _bundle(leaning), flips=True)
    right, left = leaning.seen[: len(leaning.seen) // 2], leaning.seen[len(leaning.seen) // 2 :]
    assert all(torch.equal(a, b.flip(-1)) for a, b in zip(right, left, strict=True))
    # What one side says too much of, the other says too little of.
    straight = _made(known_study, _bundle(upright))
    one = _made(known_study, _bundle(Leaning(lean=2.0)))
    for label in (1, 2, 3):
        wanted = straight.labels == label
        errors = [np.count_nonzero((m.labels == label) != wanted) for m in (made, one)]
        assert errors[0] <= errors[1]
    assert straight.spread is None
    assert made.spread.dtype == np.float16
    assert made.spread.shape == made.probabilities.values.shape[1:]
    assert not made.spread.flags.writeable
    assert made.provenance["flips"] == [["x"]]


def test_a_network_that_mirrors_itself_is_not_mirrored_twice_and_tells_its_spread(
    tmp_path, known_study
):
    torch.manual_seed(0)
    members = [SPEC["architecture"]["arguments"]]
    arguments = {"members": members, "mirrored": True}
    output = GLIOMA_OUTPUT.model_dump()
    for region in output["regions"]:
        region["threshold"] = 0.01  # an untrained network is sure of nothing
    fields = {
        **SPEC,
        "output": output,
        "architecture": {"name": "acs-unet-ensemble", "arguments": arguments},
    }
    bundle = save_bundle(tmp_path / "both", fields, ACSUNetEnsemble(members, mirrored=True).eval())
    plain, flipped = (_made(known_study, bundle, flips=flips) for flips in (False, True))
    once = _made(known_study, without_own_views(bundle))
    maps = [m.probabilities.whole("WT").astype(float) for m in (plain, flipped, once)]
    np.testing.assert_allclose(maps[0], maps[1], atol=2e-3)
    assert np.abs(maps[0] - maps[2]).max() > 0.01
    assert plain.spread is None
    assert float(flipped.spread.max()) > 0.01
    assert flipped.provenance["flips"] == [["x"]]


def test_the_spread_is_the_largest_standard_deviation_of_any_region(known_study):
    shifts = (-1.0, 0.0, 2.0)
    bundles = [_bundle(Leaning(shift=shift), id=f"m{shift}") for shift in shifts]
    made = _made(known_study, bundles[0], others=bundles[1:])
    alone = [_made(known_study, bundle) for bundle in bundles]
    names = ("WT", "TC", "ET")
    maps = np.stack([[a.probabilities.whole(n).astype(float) for n in names] for a in alone])
    ours = np.stack([made.probabilities.whole(n) for n in names])
    inside = ours[0] > 0.05
    np.testing.assert_allclose(ours[:, inside], maps.mean(axis=0)[:, inside], atol=6e-3)
    spread = _on_grid(made, made.spread)
    np.testing.assert_allclose(spread[inside], maps.std(axis=0).max(axis=0)[inside], atol=6e-3)
    assert [m["id"] for m in made.provenance["models"]] == ["m-1.0", "m0.0", "m2.0"]
    assert made.provenance["model"]["id"] == "m-1.0"


def test_models_of_other_spacings_meet_on_the_study_grid(known_study, expected_labels):
    fine = _bundle(Leaning())
    inputs = fine.spec.input.model_copy(update={"spacing_mm": (1.5, 1.5, 1.5)})
    coarse = _bundle(Leaning(), input=inputs, id="coarse")
    same = _made(known_study, fine, others=[_bundle(Leaning(), id="twin")])
    assert float(same.spread.max()) == 0
    np.testing.assert_array_equal(same.labels, _made(known_study, fine).labels)
    made = _made(known_study, fine, others=[coarse], flips=True)
    assert made.labels.shape == known_study.grid.shape
    assert float(made.spread.max()) > 0.05
    wt = made.labels > 0
    assert (
        2
        * np.count_nonzero(wt & (expected_labels > 0))
        / (np.count_nonzero(wt) + np.count_nonzero(expected_labels))
        > 0.8
    )


def test_progress_counts_every_window_of_every_view_and_model(known_study):
    others = [_bundle(Leaning(), id="twin")]
    messages = list(run(known_study, _bundle(Leaning()), device="cpu", flips=True, others=others))
    shape = to_model_space(known_study, CHANNELS, (1.0, 1.0, 1.0)).array.shape[1:]
    total = 4 * len(plan_windows(shape, (16, 16, 16)).starts)
    steps = [m for m in messages if isinstance(m, Progress) and m.stage == "inference"]
    assert [(m.done, m.total) for m in steps] == [(i + 1, total) for i in range(total)]


def test_a_cancel_lands_between_views(known_study):
    net = Leaning()
    windows = len(_once(known_study).seen)
    stop = lambda: len(net.seen) > windows  # noqa: E731
    end = list(run(known_study, _bundle(net), device="cpu", flips=True, cancelled=stop))[-1]
    assert end.kind == "cancelled"
    assert len(net.seen) == windows + 1


def _once(study):
    net = Leaning()
    _made(study, _bundle(net))
    return net


def test_models_of_other_regions_or_without_training_are_refused(known_study, known_bundle):
    output = known_bundle.spec.output
    fewer = output.model_copy(update={"regions": output.regions[:2], "labels": output.labels[:2]})
    end = list(run(known_study, known_bundle, others=[_bundle(Leaning(), output=fewer)]))[-1]
    assert end.kind == "input"
    assert "cannot be averaged" in end.sentence()
    assert "WT, TC, ET" in end.sentence()
    end = list(run(known_study, _bundle(Leaning(), status="untrained")))[-1]
    assert end.kind == "input"
    assert "not trained yet" in end.sentence()


def test_a_model_is_not_averaged_with_itself(known_study, known_bundle):
    end = list(run(known_study, known_bundle, others=[known_bundle], device="cpu"))[-1]
    assert end.kind == "input"
    assert "named twice" in end.sentence()


def test_an_empty_prediction_tells_the_place_it_came_nearest_to(known_study, expected_labels):
    bundle = _bundle(Leaning(shift=0.0))
    regions = tuple(replace_threshold(region, 0.999999) for region in bundle.spec.output.regions)
    bundle.spec = bundle.spec.model_copy(
        update={"output": bundle.spec.output.model_copy(update={"regions": regions})}
    )
    end = list(run(known_study, bundle, device="cpu"))[-1]
    assert end.kind == "empty"
    assert [near.region for near in end.nearest] == ["WT", "TC", "ET"]
    for near, inside in zip(end.nearest, (1, 2, 3), strict=True):
        assert near.threshold == pytest.approx(0.999999)
        assert 0.3 < near.probability < 0.999999
        x, y, z = np.rint(known_study.grid.point_to_index([near.point_mm])[0]).astype(int)
        assert expected_labels[z, y, x] in ((1, 2, 3), (1, 3), (3,))[inside - 1]


def replace_threshold(region, value):
    return region.model_copy(update={"threshold": value})
