"""Digital phantoms: made-up brains with made-up gliomas, and their true masks.

They are drawn on the fly while a network trains, and one of them ships as the sample study.
Only torch and numpy are needed to draw them; `prepare_atlas` alone reads the template.
"""

from __future__ import annotations

from .atlas import Atlas, is_atlas, load_atlas, prepare_atlas
from .generate import Phantom, generate
from .options import PhantomOptions

__all__ = [
    "Atlas",
    "Phantom",
    "PhantomOptions",
    "generate",
    "is_atlas",
    "load_atlas",
    "prepare_atlas",
]
