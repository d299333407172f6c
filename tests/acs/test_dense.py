"""The dense box around a layer's planes where rows and columns differ; test_soft has the rest."""

import pytest
import torch
from torch import nn
from torch.nn.functional import conv3d

from napari_acs.acs import ACSConv3d, dense_kernel
from napari_acs.acs.conv import with_margins
from napari_acs.acs.dense import dense_box, embed, kernel_geometry
from napari_acs.acs.geometry import PLANES


@pytest.mark.parametrize(
    ("kernel", "dilation", "size", "step"),
    [
        ((3, 3), (2, 2), (3, 3, 3), (2, 2, 2)),
        ((2, 3), (3, 1), (2, 5, 3), (3, 1, 1)),  # rows reach farther, but only upwards
        ((3, 2), (1, 3), (3, 5, 2), (1, 1, 3)),
        ((4, 3), (2, 2), (4, 4, 3), (2, 2, 2)),
        ((3, 3), (4, 6), (3, 7, 3), (4, 2, 6)),
        ((3, 1), (2, 3), (3, 3, 1), (2, 2, 1)),  # one tap has no dilation
        ((1, 1), (2, 3), (1, 1, 1), (1, 1, 1)),
    ],
)
def test_box_is_the_smallest_that_holds_the_planes_and_is_the_layer(kernel, dilation, size, step):
    conv = nn.Conv2d(2, 4, kernel, (1, 2), (2, 3), dilation, dtype=torch.float64)
    geometry = kernel_geometry(conv)
    box = dense_box(geometry)
    assert (box.size, box.dilation) == (size, step)
    x = torch.randn(1, 2, 21, 22, 23, dtype=torch.float64)
    for number, plane in enumerate(PLANES):
        dense = embed(conv.weight, box, geometry, plane)
        margined, padding = with_margins(x, box.margins, "zeros")
        found = conv3d(margined, dense, conv.bias, (1, 1, 2), padding, box.dilation)
        layer = ACSConv3d.from_conv2d(conv, tuple(4 * (p == number) for p in range(3)))
        torch.testing.assert_close(found, layer(x))


@pytest.mark.parametrize("kernel", [1, 2, 3, 4])
def test_embedding_is_the_definitions(kernel):
    conv = nn.Conv2d(2, 4, kernel)
    geometry = kernel_geometry(conv)
    for number, plane in enumerate(PLANES):
        expected = dense_kernel(conv.weight, tuple(4 * (p == number) for p in range(3)))
        assert torch.equal(embed(conv.weight, dense_box(geometry), geometry, plane), expected)
