"""Modules whose own forward is rewritten: modes, arguments, hooks, copies."""

import copy
import io
import pickle

import pytest
import torch
from torch import nn
from torch.nn import functional

from napari_acs.acs import ACSConv3d, convert
from napari_acs.acs.lifting.lift import Lifted

C = 6


class Modes(nn.Module):
    """Answers twice in training, and takes an optional argument and a switch."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, C, 3, padding=1)
        self.idle = nn.Linear(2, 2)

    def forward(self, x, skip=None, *, pooled=True):
        x = self.conv(x)
        if skip is not None:
            x = x + skip
        if pooled:
            x = functional.adaptive_avg_pool2d(x, 1).flatten(1)
        return (x, x * 2) if self.training else x


def test_the_mode_and_optional_arguments_are_asked_when_it_runs():
    flat = Modes()
    solid = convert(flat)
    assert isinstance(solid, Modes)
    assert set(solid.state_dict()) == set(flat.state_dict())
    x = torch.randn(2, 3, 4, 5, 6)
    one, two = solid(x)
    torch.testing.assert_close(two, 2 * one)
    solid.eval()
    torch.testing.assert_close(solid(x), one)
    skip = torch.randn(2, C, 4, 5, 6)
    torch.testing.assert_close(solid(x, skip), one + skip.mean((2, 3, 4)), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(solid(x, skip=skip, pooled=False), solid.conv(x) + skip)
    with pytest.raises(TypeError, match="forward takes x, skip, pooled"):
        solid(x, other=1)


def test_an_optional_argument_that_has_no_counterpart_is_refused_when_it_is_given():
    class Warped(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, C, 1)

        def forward(self, x, grid=None, scale=1.0):
            if grid is not None:
                x = functional.grid_sample(x, grid)
            return self.conv(x).mean((2, 3)) * scale

    flat = Warped()
    solid = convert(flat)
    x = torch.randn(1, 3, 4, 5, 6)
    torch.testing.assert_close(solid(x, scale=2.0), 2 * solid.conv(x).mean((2, 3, 4)))
    with pytest.raises(ValueError, match="LiftedWarped, made 3D, cannot be called with"):
        solid(x, grid=torch.zeros(1, 2, 2, 2))


def test_a_lifted_network_travels():
    solid = convert(Modes()).eval()
    x = torch.randn(1, 3, 4, 5, 6)
    file = io.BytesIO()
    torch.save(solid, file)
    file.seek(0)
    for other in (
        copy.deepcopy(solid),
        pickle.loads(pickle.dumps(solid)),
        torch.load(file, weights_only=False),
        torch.export.export(solid, (x,)).module(),
        torch.jit.trace(solid, x),
    ):
        torch.testing.assert_close(other(x), solid(x))
    assert type(copy.deepcopy(solid)) is type(solid)


def test_hooks_of_children_and_replaced_children_are_honoured():
    solid = convert(Modes()).eval()
    seen = []
    solid.conv.register_forward_hook(lambda *_: seen.append(1))
    solid.register_forward_hook(lambda *_: seen.append(2))
    x = torch.randn(1, 3, 4, 5, 6)
    solid(x)
    assert seen == [1, 2]
    solid.conv = nn.Identity()
    torch.testing.assert_close(solid(x), x.mean((2, 3, 4)))


def test_a_counter_in_a_forward_still_counts():
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, C, 1)
            self.register_buffer("calls", torch.tensor(0))

        def forward(self, x):
            if self.training:
                self.calls.add_(1)
            return self.conv(x).mean((2, 3))

    flat = Counting()
    solid = convert(flat)
    assert int(flat.calls) == int(solid.calls) == 0, "counted while it was traced"
    x = torch.randn(1, 3, 4, 5, 6)
    solid(x), solid(x), solid.eval()(x)
    assert int(solid.calls) == 2


def test_forwards_without_2d_calls_stay_as_they_are():
    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 3, padding=1)

        def forward(self, x):
            return torch.relu(x + self.conv(x))

    solid = convert(nn.Sequential(Residual(), Modes()))
    assert type(solid[0]) is Residual
    assert isinstance(solid[0].conv, ACSConv3d)
    assert isinstance(solid[1], Lifted)


def test_a_forward_that_cannot_be_traced_is_kept_where_a_trial_shows_that_it_may():
    class Deep(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 3, padding=1)

        def forward(self, x):
            for _ in range(int(x.shape[0])):
                x = self.conv(x)
            return x

    flat = Deep().eval()
    solid = convert(flat)
    assert type(solid) is Deep
    assert solid(torch.randn(2, 3, 5, 6, 7)).shape == (2, 3, 5, 6, 7)
