import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import interpolate

from napari_acs.acs.engine.upsample import upsample_trilinear

sides = st.tuples(*[st.integers(1, 7)] * 3)


@given(sides, st.integers(1, 9), st.sampled_from([(2, 2, 2), (2, 2, 1), (3, 2, 2)]), st.booleans())
def test_it_is_torchs_trilinear_interpolation(size, channels, factors, channels_last):
    x = torch.randn(2, channels, *size)
    if channels_last:
        x = x.contiguous(memory_format=torch.channels_last_3d)
    wanted = tuple(f * n for f, n in zip(factors, size, strict=True))
    expected = interpolate(x, size=wanted, mode="trilinear", align_corners=False)
    torch.testing.assert_close(upsample_trilinear(x, wanted), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("channels", [3, 16])
def test_bfloat16_is_within_three_roundings(channels):
    x = torch.randn(1, channels, 5, 6, 7).contiguous(memory_format=torch.channels_last_3d)
    expected = interpolate(x, size=(10, 12, 14), mode="trilinear", align_corners=False)
    found = upsample_trilinear(x.bfloat16(), (10, 12, 14)).float()
    assert (found - expected).abs().max() < 4 * 2**-8 * x.abs().max()
