import pytest
from acsconv.operators import ACSConv as PeerACSConv
from hypothesis import given
from hypothesis import strategies as st

from napari_acs.acs import split_channels


@given(st.integers(1, 4096))
def test_split_gives_the_first_groups_the_remainder(channels):
    groups = split_channels(channels)
    assert sum(groups) == channels
    assert list(groups) == sorted(groups, reverse=True)
    assert groups[0] - groups[2] <= 1


@pytest.mark.parametrize("channels", [3, 4, 5, 16, 32, 64])
def test_split_is_that_of_acsconv(channels):
    assert split_channels(channels) == tuple(PeerACSConv(3, channels, 3).acs_kernel_split)


def test_no_channels_are_refused():
    with pytest.raises(ValueError, match="at least one"):
        split_channels(0)
