"""Review of masks: sessions, corrections, measures, agreement. No torch, no Qt, no napari."""
