"""The choice of the GPU kernel, with the kernel's offer replaced: no GPU is needed."""

import pytest
import torch

from napari_acs.acs import ACSConv3d
from napari_acs.acs.engine import on_gpu
from napari_acs.acs.engine.activations import NONE, Activation

RELU, RELU6 = Activation("relu"), Activation("hardtanh", (0.0, 6.0))


@pytest.mark.parametrize("activation", [NONE, RELU, RELU6])
@pytest.mark.parametrize("offered", ["both", "none", "bare only"])
def test_the_layer_is_computed_whatever_is_offered(monkeypatch, activation, offered):
    layer = ACSConv3d(5, 9, 3, padding=1)
    asked = []

    def offer(layer, x, activation, tries):
        asked.append((activation, tuple(x.shape)))
        if offered == "none" or (offered == "bare only" and activation != "none"):
            return "not today"
        follows = {"none": lambda y: y, "relu": torch.relu, "relu6": lambda y: y.clamp(0, 6)}
        module = torch.nn.Module()
        module.forward = lambda v: follows[activation](layer(v))
        return module

    monkeypatch.setattr(on_gpu, "offer", offer)
    inputs = torch.randn(1, 2, 5, 6, 7), torch.randn(1, 3, 5, 6, 7)
    with torch.no_grad():
        run = on_gpu.OnGpu(layer, activation, inputs)
        y = layer(torch.cat(inputs, dim=1))
        residual = torch.randn_like(y)
        torch.testing.assert_close(run(inputs, None), activation(y.clone()))
        torch.testing.assert_close(run(inputs, residual), activation(y + residual))
    assert {shape for _, shape in asked} == {(1, 5, 5, 6, 7)}


def test_a_cpu_tensor_or_an_unknown_activation_is_not_for_the_gpu():
    layer, x = ACSConv3d(5, 9, 3), torch.randn(1, 5, 5, 6, 7)
    assert not on_gpu.gpu_takes(layer, (x,), NONE)
    assert not on_gpu.gpu_takes(None, (x,), NONE)
    assert on_gpu._name(Activation("gelu", (), "tanh")) is None
    assert on_gpu._name(Activation("hardtanh", (-1.0, 1.0))) is None
