"""napari's model layer, without Qt: studies to layers and back, readers, writers, sample data."""
