"""The Triton kernel itself, run by triton's interpreter on the CPU, against the definition.

The cases run in one process of their own (``python test_kernel.py``): the interpreter must be
chosen before triton is imported, and this process may have drawn with software OpenGL, after
which triton cannot be imported at all.
"""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
import torch
from torch.nn import functional

from napari_acs.acs import ACSConv3d, dense_kernel
from napari_acs.acs.gpu.config import Config
from napari_acs.acs.gpu.launch import acs_conv3d
from napari_acs.acs.gpu.pack import pack

SIZE = (3, 5, 6)
CASES = {  # channels, the layer's options; then what differs from the plain run
    "3x3": ((16, 22), {"kernel_size": 3, "padding": 1}, {}),
    "3x3, planes apart": ((16, 22), {"kernel_size": 3, "padding": 1}, {"across": False}),
    "3x3, bulk copies": ((16, 22), {"kernel_size": 3, "padding": 1}, {"fetch": "bulk"}),
    "channels that fill no block": ((5, 7), {"kernel_size": 3, "padding": 1}, {}),
    "two blocks of channels": ((20, 16), {"kernel_size": 3, "padding": 1}, {}),
    "two tiles, full": ((16, 32), {"kernel_size": 3, "padding": 1}, {}),
    "one output channel": ((4, 1), {"kernel_size": 3, "padding": 1}, {"across": False}),
    "two output channels": ((4, 2), {"kernel_size": 3, "padding": 1, "bias": False}, {}),
    "no padding": ((4, 6), {"kernel_size": 3}, {}),
    "much padding": ((4, 6), {"kernel_size": 3, "padding": 3}, {}),
    "stride": ((4, 6), {"kernel_size": 3, "padding": 1, "stride": 2}, {"size": (5, 6, 7)}),
    "unequal strides": ((4, 6), {"kernel_size": 2, "stride": (1, 2)}, {}),
    "dilation": ((4, 6), {"kernel_size": 3, "padding": 2, "dilation": 2}, {}),
    "dilation and stride": (
        (4, 6),
        {"kernel_size": 3, "padding": (1, 2), "dilation": (1, 2), "stride": 2},
        {"size": (5, 6, 7)},
    ),
    "1x1": ((16, 20), {"kernel_size": 1}, {}),
    "1x1 with padding and stride": ((4, 6), {"kernel_size": 1, "padding": 1, "stride": 2}, {}),
    "2x2": ((4, 6), {"kernel_size": 2, "stride": 2}, {}),
    "4x4, same": ((4, 3), {"kernel_size": 4, "padding": "same"}, {}),
    "5x5, planes apart": ((4, 3), {"kernel_size": 5, "padding": 2}, {"across": False}),
    "7x7, stride 2": ((4, 3), {"kernel_size": 7, "padding": 3, "stride": 2}, {"size": (5, 6, 7)}),
    "1x7": ((4, 6), {"kernel_size": (1, 7), "padding": (0, 3)}, {}),
    "2x3, bulk copies": ((4, 6), {"kernel_size": (2, 3)}, {"fetch": "bulk"}),
    "past the first-level cache": ((4, 6), {"kernel_size": 3, "padding": 1}, {"fetch": "l2"}),
    "two volumes": ((4, 6), {"kernel_size": 3, "padding": 1}, {"size": (2, 3, 4), "batch": 2}),
    "float16": ((16, 6), {"kernel_size": 3, "padding": 1}, {"dtype": "float16"}),
    # No bfloat16: triton 3.9's interpreter multiplies its bits as integers.
    "relu": ((4, 6), {"kernel_size": 3}, {"activation": "relu"}),
    "relu6": ((4, 6), {"kernel_size": 3}, {"activation": "relu6"}),
    "silu": ((4, 6), {"kernel_size": 3}, {"activation": "silu"}),
    "hardswish": ((4, 6), {"kernel_size": 3}, {"activation": "hardswish"}),
    "sigmoid": ((4, 6), {"kernel_size": 3}, {"activation": "sigmoid"}),
}
ACTIVATIONS = {
    "none": lambda x: x,
    "relu": functional.relu,
    "relu6": functional.relu6,
    "silu": functional.silu,
    "hardswish": functional.hardswish,
    "sigmoid": torch.sigmoid,
}


def definition(layer, x):
    """The dense convolution where it can be written as one, else the layer, in float64."""
    kernel = layer.kernel_size
    alike = all(a == b for a, b in (kernel, layer.stride, layer.dilation, layer.padding[:2]))
    if not alike or layer.padding == "same":
        return layer.double()(x.double())
    bias = None if layer.bias is None else layer.bias.double()
    dense = dense_kernel(layer.weight.double(), layer.split)
    return functional.conv3d(
        x.double(), dense, bias, layer.stride[0], layer.padding[0], layer.dilation[0]
    )


def framed(shape, dtype, frame):
    """Return memory of a shape in the middle of more memory, all NaN, and that memory."""
    count = torch.Size(shape).numel()
    whole = torch.full((count + 2 * frame,), float("nan"), dtype=dtype)
    return whole[frame : frame + count].view(shape), whole


@torch.no_grad()
def run(channels, options, change):
    """Return the largest error, the largest value, and how many voxels outside were written."""
    torch.manual_seed(0)
    layer = ACSConv3d(*channels, **options)
    activation = change.get("activation", "none")
    dtype = getattr(torch, change.get("dtype", "float32"))
    layer.weight.copy_(2 * layer.weight.to(dtype))
    config = Config(64, 16, 16, change.get("across", True), change.get("fetch", "l1"), 4, 2)
    packed = pack(layer, dtype, config, activation)
    size = change.get("size", SIZE)
    # A voxel that is read or written out of place shows: all memory around is NaN.
    rows, _ = framed((change.get("batch", 1), *size, channels[0]), dtype, 4096)
    rows.copy_(3 * torch.randn(rows.shape))
    x = rows.permute(0, 4, 1, 2, 3)
    expected = ACTIVATIONS[activation](definition(layer, x))
    out, around = framed((expected.shape[0], *expected.shape[2:], channels[1]), dtype, 4096)
    found = acs_conv3d(x, packed, out)
    assert found.shape == expected.shape and found.is_contiguous(memory_format=CHANNELS_LAST)
    written = int((~around.isnan()).sum()) - out.numel()
    return (found - expected).abs().max().item(), expected.abs().max().item(), written


CHANNELS_LAST = torch.channels_last_3d

needs_triton = pytest.mark.skipif(
    find_spec("triton") is None, reason="triton is not installed (it has no such wheel)"
)


@pytest.fixture(scope="module")
def results():
    ended = subprocess.run(
        [sys.executable, __file__],
        env=os.environ | {"TRITON_INTERPRET": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


@needs_triton
@pytest.mark.parametrize("case", CASES)
def test_kernel_is_the_definition(results, case):
    error, scale, written = results[case]
    dtype = getattr(torch, CASES[case][2].get("dtype", "float32"))
    allowed = 1e-6 if dtype == torch.float32 else torch.finfo(dtype).eps
    assert scale > 0.5
    assert error <= allowed * scale * 2
    assert written == 0


@pytest.mark.parametrize(
    ("x", "word"),
    [
        (torch.zeros(1, 3, 5, 5, 5), "packed for"),
        (torch.zeros(1, 4, 5, 5), "packed for"),
        (torch.zeros(1, 4, 5, 5, 5).half(), "float16"),
        (torch.zeros(1, 4, 5, 2, 5), "too small"),
        (torch.zeros(0, 4, 5, 5, 5), "too small"),
    ],
)
def test_an_input_that_does_not_fit_is_refused(x, word):
    packed = pack(ACSConv3d(4, 6, 3), torch.float32, Config(64, 16, 16, True, "l1", 4, 2))
    with pytest.raises(ValueError, match=word):
        acs_conv3d(x, packed)


if __name__ == "__main__":
    print(json.dumps({name: run(*case) for name, case in CASES.items()}))
