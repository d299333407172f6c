"""How output channels are shared between the three planes."""

from __future__ import annotations

from typing import Literal

Split = tuple[int, int, int]
"""Output channels of the axial, coronal and sagittal group."""

SplitPolicy = Literal["even", "aligned"]

_LANES = 16
"""Channels that CPUs with AVX-512 and GPUs with tensor cores compute together."""


def split_channels(channels: int, policy: SplitPolicy = "even") -> Split:
    """Split output channels into axial, coronal and sagittal groups, in that order.

    Parameters
    ----------
    channels : int
        Number of output channels, at least 1.
    policy : {"even", "aligned"}
        ``"even"``: thirds; the remainder goes to the axial group first, then to the coronal, as
        in ``acsconv`` (and so GaNDLF), whose trained weights therefore load. ``"aligned"``:
        thirds in units of 16 channels, which is what vector units compute at once (64 becomes
        32, 16, 16; 96 becomes 32, 32, 32); for newly trained models only, since weights belong to
        the split that they were trained with. Layers of fewer than 48 channels are split evenly.

    Returns
    -------
    tuple of int
        Channels of the axial ``(1, k, k)``, coronal ``(k, 1, k)`` and sagittal ``(k, k, 1)``
        group; a group may be empty when there are fewer than three channels.

    Raises
    ------
    ValueError
        If ``channels`` is below 1 or the policy is unknown.
    """
    if channels < 1:
        raise ValueError(f"a convolution needs at least one output channel, got {channels}")
    if policy not in ("even", "aligned"):
        raise ValueError(f"split policy {policy!r} is unknown; expected 'even' or 'aligned'")
    if policy == "aligned" and channels >= 3 * _LANES:
        units, rest = divmod(channels, _LANES)
        axial, coronal, sagittal = split_channels(units)
        return axial * _LANES + rest, coronal * _LANES, sagittal * _LANES
    each, rest = divmod(channels, 3)
    return each + (rest > 0), each + (rest > 1), each
