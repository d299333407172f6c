"""Data sets as others lay them out: BraTS, nnU-Net, MSD, BIDS, a CSV. One file a layout."""

from napari_acs.training.layouts.case import TrainingCase
from napari_acs.training.layouts.find import AUTO, LAYOUTS, find_training_cases

__all__ = ["AUTO", "LAYOUTS", "TrainingCase", "find_training_cases"]
