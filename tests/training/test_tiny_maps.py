import pytest
import torch

from napari_acs.acs import convert
from napari_acs.training.tiny_maps import exact_on_tiny_maps


def small_network():
    torch.manual_seed(0)
    flat = torch.nn.Sequential(
        torch.nn.Conv2d(4, 12, 3, padding=1, stride=2, bias=False),
        torch.nn.BatchNorm2d(12),
        torch.nn.Conv2d(12, 12, 3, padding=1, groups=12, bias=False),
    )
    return convert(flat)


def gradients(network, x, *, autocast):
    network.zero_grad()
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast), exact_on_tiny_maps(network):
        y = network(x)
    y.float().square().mean().backward()
    return y.dtype, [p.grad.clone() for p in network.parameters()]


def test_tiny_maps_get_the_gradients_of_float32():
    network, x = small_network(), torch.randn(2, 4, 4, 4, 4)
    _, exact = gradients(network, x, autocast=False)
    for _ in range(5):
        dtype, found = gradients(network, x, autocast=True)
        assert dtype == torch.float32
        for a, b in zip(found, exact, strict=True):
            torch.testing.assert_close(a, b)


def test_larger_maps_stay_in_bfloat16_and_nothing_is_left_behind():
    network = small_network()
    dtype, _ = gradients(network, torch.randn(2, 4, 16, 16, 16), autocast=True)
    assert dtype == torch.bfloat16
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in network.modules())
    # The width alone decides: it is the last side that the fault is about.
    assert gradients(network, torch.randn(2, 4, 16, 16, 4), autocast=True)[0] == torch.float32


def test_a_layer_that_fails_leaves_autocast_as_it_was():
    network = small_network()
    with torch.autocast("cpu", torch.bfloat16), exact_on_tiny_maps(network):
        with pytest.raises(RuntimeError):
            network(torch.randn(2, 3, 4, 4, 4))
        assert torch.is_autocast_enabled("cpu")
