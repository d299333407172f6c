"""Nothing is found where nothing is seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt

from napari_acs.imaging import to_lps, to_model_space
from napari_acs.inference import Result, run
from napari_acs.inference.unseen import unseen_of

CHANNELS = ("flair", "t1ce", "t2", "t1")


class AirIsTumour(torch.nn.Module):
    """Marks the known tumour, and all that is empty."""

    def forward(self, x):
        return torch.where((x != 0).any(dim=1, keepdim=True), 30 * (x[:, :3] - 1.5), 30.0)


def test_air_that_a_network_marks_is_no_tumour(known_study, known_bundle, expected_labels):
    def masks(network):
        *_, end = run(known_study, replace(known_bundle, net=network), device="cpu")
        assert isinstance(end, Result)
        return to_lps(end.segmentation.labels, known_study.grid) > 0

    found, honest = masks(AirIsTumour()), masks(known_bundle.net)
    air = np.asarray(known_study.sequences["t1"].array) == 0
    assert air.any()
    beyond = to_lps(distance_transform_edt(air) > 2, known_study.grid)
    assert beyond.sum() > 1000
    assert not found[beyond].any()
    assert found[honest].all(), "the tumour itself is untouched"


def test_the_voxels_round_the_brain_stay_and_shifted_backgrounds_are_left_alone(known_study):
    image = to_model_space(known_study, CHANNELS, (1.0, 1.0, 1.0))
    unseen = unseen_of(image)
    assert not (unseen & image.brain).any()
    depth = distance_transform_edt(~image.brain)
    np.testing.assert_array_equal(unseen, depth > 1)
    assert not image.array[:, unseen].any()
    assert unseen_of(replace(image, background=(0.1, 0.1, 0.1, 0.1))) is None
