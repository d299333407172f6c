"""napari's memory of which reader opens what is dropped on its window.

napari's own reader lays claim to every MRI format and to every folder, so napari asks at each
drop. It reads none of these formats with its geometry; the user may say once that we do.
"""

from __future__ import annotations

import os

from napari.settings import get_settings

from napari_acs.imaging.names import SUFFIXES

PLUGIN = "napari-acs"
PATTERNS = (*(f"*{suffix}" for suffix in SUFFIXES), f"*{os.sep}")
"""The MRI formats, and folders (napari ends their paths with a separator)."""


def is_preferred() -> bool:
    """Whether dropped MRI files and folders open with this plugin unasked."""
    chosen = get_settings().plugins.extension2reader
    return all(chosen.get(pattern) == PLUGIN for pattern in PATTERNS)


def prefer(on: bool) -> None:
    """Set the choice, or take back ours; it is kept in napari's preferences (Plugins)."""
    plugins = get_settings().plugins
    others = {
        pattern: reader
        for pattern, reader in plugins.extension2reader.items()
        if not (pattern in PATTERNS and (on or reader == PLUGIN))
    }
    plugins.extension2reader = {**others, **dict.fromkeys(PATTERNS if on else (), PLUGIN)}
