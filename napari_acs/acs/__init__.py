"""ACS convolutions: 2D CNNs that see 3D, with their 2D weights unchanged. Needs torch only.

Source: Yang et al., "Reinventing 2D Convolutions for 3D Images", IEEE JBHI 25(8), 2021.
"""

from napari_acs.acs.adapt import adapt_input
from napari_acs.acs.conv import ACSConv3d, dense_kernel
from napari_acs.acs.convert import UnsupportedModule, convert
from napari_acs.acs.engine import Optimized, Plan, fast_dtype, optimize
from napari_acs.acs.export import OnnxExport, export_onnx, export_program
from napari_acs.acs.soft import SoftACSConv3d
from napari_acs.acs.split import split_channels

__all__ = [
    "ACSConv3d",
    "OnnxExport",
    "Optimized",
    "Plan",
    "SoftACSConv3d",
    "UnsupportedModule",
    "adapt_input",
    "convert",
    "dense_kernel",
    "export_onnx",
    "export_program",
    "fast_dtype",
    "optimize",
    "split_channels",
]
