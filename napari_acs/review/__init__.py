"""Review of segmentations: sessions, edits and measures; no torch, no Qt, no napari."""
