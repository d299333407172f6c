"""The inference engine: see :func:`optimize`."""

from napari_acs.acs.engine.choose import Plan
from napari_acs.acs.engine.optimize import Optimized, optimize
from napari_acs.acs.engine.precision import fast_dtype

__all__ = ["Optimized", "Plan", "fast_dtype", "optimize"]
