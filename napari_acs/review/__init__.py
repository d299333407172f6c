"""Reviewing segmentations, without torch, Qt or napari: measures, edits, sessions."""
