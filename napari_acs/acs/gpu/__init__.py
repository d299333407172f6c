"""ACS convolutions on CUDA GPUs: one Triton launch for all three planes, checked before its use.

Imports torch only; triton is loaded when a CUDA tensor is to be convolved, and not before.
"""

from napari_acs.acs.gpu.offer import FusedACSConv3d, KernelDiffers, offer, supports

__all__ = ["FusedACSConv3d", "KernelDiffers", "offer", "supports"]
