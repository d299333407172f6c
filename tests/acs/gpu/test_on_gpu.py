"""The kernel on a real GPU: run by whoever has one."""

from importlib.util import find_spec

import pytest
import torch

from napari_acs.acs import ACSConv3d
from napari_acs.acs.gpu import FusedACSConv3d, KernelDiffers, offer, supports


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU here")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize(
    ("channels", "options", "side"),
    [
        ((64, 64), {"kernel_size": 3, "padding": 1}, 48),
        ((48, 96), {"kernel_size": 3, "padding": 1, "stride": 2}, 33),
        ((4, 64), {"kernel_size": 7, "padding": 3, "stride": 2}, 35),
        ((128, 32), {"kernel_size": 1}, 24),
        ((24, 20), {"kernel_size": (2, 5), "padding": "same", "dilation": (2, 1)}, 19),
    ],
)
def test_every_finalist_is_right_on_this_gpu(channels, options, side, dtype, recwarn):
    assert find_spec("triton"), "a CUDA torch without triton"
    layer = ACSConv3d(*channels, **options).cuda()
    x = torch.zeros(2, channels[0], side, side + 1, side + 2, dtype=dtype, device="cuda")
    if (reason := supports(layer, x, "silu")) is not None:
        pytest.skip(reason)
    fused = offer(layer, x, "silu", tries=6)
    assert isinstance(fused, FusedACSConv3d), fused
    assert not [w for w in recwarn if w.category is KernelDiffers]
