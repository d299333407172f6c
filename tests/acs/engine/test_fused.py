"""Every way to compute a layer, against the layer itself and what followed it."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from napari_acs.acs import ACSConv3d
from napari_acs.acs.engine import onednn
from napari_acs.acs.engine.activations import Activation
from napari_acs.acs.engine.fused import FusedConv
from napari_acs.acs.engine.parts import layer_of

ACTIVATIONS = {
    "none": nn.Identity(),
    "relu": nn.ReLU(),
    "hardtanh": nn.ReLU6(),
    "swish": nn.SiLU(),
    "hardswish": nn.Hardswish(),
    "leaky_relu": nn.LeakyReLU(0.2),
    "gelu": nn.GELU(),
    "sigmoid": nn.Sigmoid(),
}
NUMBERS = {"hardtanh": (0.0, 6.0), "leaky_relu": (0.2,)}
ALGORITHM = {"gelu": "none"}


@st.composite
def layers(draw):
    inputs, outputs, groups = draw(
        st.sampled_from([(4, 7, 1), (6, 6, 6), (4, 8, 4), (8, 20, 2), (16, 48, 1)])
    )
    same = draw(st.booleans())
    torch.manual_seed(draw(st.integers(0, 1000)))
    return ACSConv3d(
        inputs,
        outputs,
        draw(st.sampled_from([1, 2, 3, 4, (1, 3)])),
        1 if same else draw(st.integers(1, 2)),
        "same" if same else draw(st.integers(0, 2)),
        draw(st.integers(1, 2)),
        groups,
        draw(st.booleans()),
        draw(st.sampled_from(["zeros", "zeros", "reflect", "circular"])),
    )


def ways_of(layer, inputs, activation="none", dtype=torch.float32):
    bias = None if layer.bias is None else layer.bias.detach()
    described = Activation(activation, NUMBERS.get(activation, ()), ALGORITHM.get(activation, ""))
    fused = FusedConv(layer_of(layer, layer.weight.detach(), bias), described, dtype, lambda *_: "")
    return {way: fused.ready(way, inputs) for way in fused.ways(inputs)}


@pytest.mark.parametrize("backend", ["onednn", "torch"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_way_is_the_layer_and_its_activation(activation, backend, monkeypatch):
    if backend == "torch":
        monkeypatch.setattr(onednn, "available", lambda dtype: False)
    elif not onednn.available(torch.float32):
        pytest.skip("this torch has no oneDNN operators")

    @given(layers(), st.booleans())
    @settings(max_examples=25)
    def holds(layer, with_residual):
        x = torch.randn(2, layer.in_channels, 9, 10, 11)
        with torch.no_grad():
            y = layer(x)
            residual = torch.randn_like(y) if with_residual else None
            expected = ACTIVATIONS[activation](y + residual if with_residual else y)
            ways = ways_of(layer, (x,), activation)
            assert all(backend in way for way in ways)
            assert len(ways) >= (2 if layer.kernel_size == (3, 3) else 1)
            for way, run in ways.items():
                found = run((x,), residual)
                assert torch.allclose(found, expected, rtol=1e-4, atol=1e-5), way

    holds()


@pytest.mark.parametrize("activation", ["none", "relu", "swish"])
@pytest.mark.parametrize("with_residual", [False, True])
def test_several_inputs_are_their_concatenation(activation, with_residual):
    layer = ACSConv3d(12, 20, 3, padding=1)
    inputs = (torch.randn(1, 5, 6, 7, 8), torch.randn(1, 7, 6, 7, 8))
    ways = ways_of(layer, inputs, activation)
    if onednn.available(torch.float32):
        assert any("apart" in way for way in ways)
    with torch.no_grad():
        y = layer(torch.cat(inputs, dim=1))
        residual = torch.randn_like(y) if with_residual else None
        expected = ACTIVATIONS[activation](y + residual if with_residual else y)
        for way, run in ways.items():
            assert torch.allclose(run(inputs, residual), expected, rtol=1e-4, atol=1e-5), way


@pytest.mark.parametrize("shape", [(1, 20, 1, 1, 1), (3, 20, 5, 6, 7)])
def test_a_residual_that_is_broadcast_or_broadcasts_is_added_too(shape):
    layer, x = ACSConv3d(4, 20, 3, padding=1), torch.randn(1, 4, 5, 6, 7)
    residual = torch.randn(shape)
    for run in ways_of(layer, (x,), "relu").values():
        with torch.no_grad():
            expected = (layer(x) + residual).relu()
            torch.testing.assert_close(run((x,), residual), expected, rtol=1e-4, atol=1e-5)


def test_bfloat16_differs_by_its_rounding_only():
    layer, x = ACSConv3d(16, 48, 3, padding=1), torch.randn(1, 16, 12, 12, 12)
    with torch.no_grad():
        expected = layer(x)
        for run in ways_of(layer, (x.bfloat16(),), dtype=torch.bfloat16).values():
            error = (run((x.bfloat16(),), None).float() - expected).abs().max()
            assert error < 0.02 * expected.abs().max()


def test_operators_that_fail_or_differ_are_not_used(monkeypatch):
    assert not onednn.available.__wrapped__(torch.int32)
    monkeypatch.setattr(onednn.PackedConv, "__call__", lambda self, x, activation: torch.zeros(1))
    assert not onednn.available.__wrapped__(torch.float32)
