"""Forwards that are written for pictures, made forwards for volumes; through torch.fx.

Module replacement does not reach ``F.adaptive_avg_pool2d(x, 1)`` in MobileNet, ``x.mean([2, 3])``
in MNASNet or the channel shuffle of ShuffleNet.
"""

from napari_acs.acs.lifting.lift import has_own_forward, lift

__all__ = ["has_own_forward", "lift"]
