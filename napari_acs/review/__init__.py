"""Review of segmentations: sessions, corrections, measures, agreement, reports.

No torch, no Qt, no napari.
"""
