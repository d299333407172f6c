"""The mean of several networks as one network: its numbers, its bundle, its engine, its export."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from models.test_bundle import SPEC
from torch import fx

from napari_acs.acs import optimize
from napari_acs.acs.export import export_onnx, export_program
from napari_acs.errors import BadInput
from napari_acs.models import save_bundle
from napari_acs.models.ensemble import ACSUNetEnsemble, mean_logits
from napari_acs.models.networks import build_network, nested_probabilities
from napari_acs.models.spec import BundleSpec
from napari_acs.models.unet import ACSUNet

ARGUMENTS = SPEC["architecture"]["arguments"]
TWO = {
    **SPEC,
    "architecture": {"name": "acs-unet-ensemble", "arguments": {"members": [ARGUMENTS] * 2}},
}
WEIGHTS = {"sha256": "0" * 64, "size_bytes": 1}
any_logit = st.floats(-(2.0**14), 2.0**14, width=32) | st.sampled_from(
    [0.0, 40.0, -40.0, 3e4, -3e4]
)


def ensemble() -> ACSUNetEnsemble:
    torch.manual_seed(0)
    return ACSUNetEnsemble([ARGUMENTS] * 2).eval()


def mean_of(members, x):
    with torch.no_grad():
        return torch.stack([nested_probabilities(member(x)) for member in members]).mean(dim=0)


@given(st.integers(1, 5).flatmap(lambda k: st.lists(any_logit, min_size=3 * k, max_size=3 * k)))
def test_the_nested_probabilities_are_the_mean_however_sure_the_members_are(values):
    logits = torch.tensor(values, dtype=torch.float32).reshape(-1, 1, 3, 1, 1, 1)
    expected = (1 / (1 + np.exp(-logits.double().numpy().clip(-700, 700)))).cumprod(2).mean(0)
    made = mean_logits(list(logits))
    assert made.isfinite().all()
    np.testing.assert_allclose(nested_probabilities(made).numpy(), expected, rtol=2e-3, atol=1e-6)
    exact = mean_logits(list(logits.double())).sigmoid().cumprod(dim=1)
    np.testing.assert_allclose(exact.numpy(), expected, rtol=1e-9, atol=1e-300)


def test_half_precision_is_averaged_in_single():
    logits = [torch.full((1, 3, 1, 1, 1), v, dtype=torch.bfloat16) for v in (30.0, -3.0)]
    assert mean_logits(logits).dtype == torch.float32


def test_a_bundle_of_two_gives_the_mean_through_the_engine_and_after_it(tmp_path):
    network = ensemble()
    bundle = save_bundle(tmp_path / "two", TWO, network)
    x = torch.randn(1, 4, 20, 24, 28)
    expected = mean_of(network.members, x)
    assert not torch.allclose(expected, nested_probabilities(network.members[0](x)), atol=1e-3)
    loaded = bundle.network()
    fast = optimize(loaded, dtype=torch.float32)
    for each in (loaded, fast):
        torch.testing.assert_close(bundle.probabilities(each(x)), expected, atol=1e-5, rtol=0)
    assert isinstance(fast.network, fx.GraphModule), "the engine could not follow it"


def test_mirrored_every_member_sees_both_sides_and_the_answer_mirrors_with_the_head(tmp_path):
    network = ensemble()
    network.mirrored = True
    arguments = {**TWO["architecture"]["arguments"], "mirrored": True}
    fields = {**TWO, "architecture": {"name": "acs-unet-ensemble", "arguments": arguments}}
    bundle = save_bundle(tmp_path / "both", fields, network)
    x = torch.randn(1, 4, 20, 24, 28)
    once = mean_of(network.members, x)
    expected = (once + mean_of(network.members, x.flip(4)).flip(4)) / 2
    assert not torch.allclose(expected, once, atol=1e-3)
    loaded = bundle.network()
    for each in (loaded, optimize(loaded, dtype=torch.float32)):
        torch.testing.assert_close(bundle.probabilities(each(x)), expected, atol=1e-5, rtol=0)
        seen = bundle.probabilities(each(x.flip(4))).flip(4)
        torch.testing.assert_close(seen, expected, atol=1e-5, rtol=0)


@pytest.mark.slow
def test_it_is_exported_with_free_sizes(tmp_path):
    network = ensemble()
    exported = export_program(network, torch.zeros(1, 4, 33, 34, 35))
    x = torch.randn(1, 4, 20, 24, 28)
    got = nested_probabilities(exported.module(check_guards=False)(x))
    torch.testing.assert_close(got, mean_of(network.members, x), atol=1e-5, rtol=0)
    file = tmp_path / "two.onnx"
    assert export_onnx(network, x, file, dynamic=False).max_abs_difference < 1e-3


def test_some_of_its_members_are_the_mean_of_these():
    network = ensemble()
    x = torch.randn(1, 4, 16, 20, 24)
    second = copy.deepcopy(network).only([1])
    torch.testing.assert_close(
        nested_probabilities(second(x)), mean_of([network.members[1]], x), atol=1e-6, rtol=0
    )
    with pytest.raises(ValueError, match="one member"):
        network.only([])


@pytest.mark.parametrize(
    ("members", "said"),
    [([], "one member"), ([{"encoder": "x"}], "x"), ([3], "int"), ([{"stem": 1}], "stem")],
)
def test_members_that_cannot_be_built_are_refused(members, said):
    change = {"architecture": {"name": "acs-unet-ensemble", "arguments": {"members": members}}}
    with pytest.raises(BadInput, match=said):
        build_network(BundleSpec.model_validate({**SPEC, **change, "weights": WEIGHTS}))


def test_another_activation_is_refused():
    output = {**SPEC["output"], "activation": "sigmoid"}
    with pytest.raises(BadInput, match="nested"):
        build_network(BundleSpec.model_validate({**TWO, "output": output, "weights": WEIGHTS}))


def test_members_may_differ_and_the_widest_stride_is_told():
    wide = {"encoder": "mobilenet_v2", "decoder_channels": [8] * 5, "stem_channels": 4}
    network = ACSUNetEnsemble([ARGUMENTS, wide]).eval()
    assert network.stride == max(ACSUNet(**ARGUMENTS).stride, 16)
    assert network(torch.zeros(1, 4, 5, 6, 7)).shape == (1, 3, 5, 6, 7)
    assert network.only([0]).stride == ACSUNet(**ARGUMENTS).stride


def test_a_description_downloads_no_members_weights():
    with pytest.raises(ValueError, match="pretrained"):
        ACSUNetEnsemble([{"encoder": "squeezenet1_1", "pretrained": True}])
