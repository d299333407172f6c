"""Review of segmentations: sessions, corrections, measures, agreement. No torch, no Qt, no napari."""
