"""How output channels are shared between the three planes."""

from __future__ import annotations


def split_channels(channels: int) -> tuple[int, int, int]:
    """Split output channels into axial, coronal and sagittal groups, in that order.

    The remainder of the division by three goes to the axial group first, then to the coronal,
    as in ``acsconv`` (and so GaNDLF), whose trained weights therefore load.

    Parameters
    ----------
    channels : int
        Number of output channels, at least 1.

    Returns
    -------
    tuple of int
        Channels of the axial ``(1, k, k)``, coronal ``(k, 1, k)`` and sagittal ``(k, k, 1)``
        group; a group may be empty when there are fewer than three channels.

    Raises
    ------
    ValueError
        If ``channels`` is below 1.
    """
    if channels < 1:
        raise ValueError(f"a convolution needs at least one output channel, got {channels}")
    each, rest = divmod(channels, 3)
    return each + (rest > 0), each + (rest > 1), each
