"""Weights as they are taken into a network: half precision, and builders that need values."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file, save

from napari_acs.models import (
    load_bundle,
)
from napari_acs.models.networks import build_network


def test_weights_in_half_precision_compute_in_single(tiny, mine, edit):
    state = load_file(tiny / "weights.safetensors")
    edit.weights(
        tiny, save({k: v.half() if v.is_floating_point() else v for k, v in state.items()})
    )
    network = load_bundle(tiny).network()
    assert {p.dtype for p in network.parameters()} == {torch.float32}


@pytest.mark.parametrize("reads", [True, False])
def test_a_builder_that_needs_values_is_built_as_well(reads, tiny, monkeypatch):
    """As some of MONAI's do: they read a number out of a tensor, or keep a plain one."""

    def builder(spec):
        network = build_network(spec)
        network.scale = torch.ones(1)
        network.register_buffer("ramp", torch.arange(3.0), persistent=False)
        assert not reads or float(network.scale) == 1
        return network

    monkeypatch.setattr("napari_acs.models.fitting.build_network", builder)
    plain = build_network(load_bundle(tiny).spec)
    network = load_bundle(tiny).network()
    assert network.ramp.tolist() == [0, 1, 2]
    assert network.scale.item() == 1
    assert network.state_dict().keys() == plain.state_dict().keys()
