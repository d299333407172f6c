"""What a reviewer does to a mask and what comes of it. No torch, no Qt, no napari."""
