"""One head under two names is one patient, or no training."""

from dataclasses import replace

import pytest
import torch
from scipy.ndimage import gaussian_filter
from training.classification.conftest import box

from napari_acs.errors import BadInput
from napari_acs.training.classification.twins import refuse_twins


def head(number):
    """Return a box of structures as large as gyri, that are this head's alone."""
    noise = torch.randn((2, 20, 20, 20), generator=torch.Generator().manual_seed(number)).numpy()
    smooth = torch.from_numpy(gaussian_filter(noise, (0, 2, 2, 2)) * 10)
    mask = box(number, 0).channels[2:].float()
    return replace(box(number, 0), channels=torch.cat([smooth, mask]).half())


COPIES = {
    "a copy": lambda x: x,
    "quantised": lambda x: (x * 4).round() / 4,
    "rescaled": lambda x: x * 3 + 1,
    "noisy": lambda x: x + 0.2 * torch.randn_like(x),
    "moved by a voxel": lambda x: torch.roll(x, 1, 3),
    "without the second sequence": lambda x: torch.cat([x[:1], x[1:] * 0]),
}


@pytest.mark.parametrize("kind", COPIES)
def test_a_copy_under_another_patient_is_refused_and_a_second_visit_is_not(kind):
    torch.manual_seed(0)
    first = head(1)
    changed = COPIES[kind](first.channels[:2].float())
    twin = replace(first, name="again", channels=torch.cat([changed, first.channels[2:]]).half())
    refuse_twins([first, head(2), head(3)], 2)
    refuse_twins([first, head(2), twin], 2)
    with pytest.raises(BadInput, match=r"case-1 and again show the same images.*someone else"):
        refuse_twins([first, head(2), replace(twin, patient="someone else")], 2)


def test_masks_alone_make_no_twins():
    one, two = head(1), head(2)
    assert torch.equal(one.channels[2], two.channels[2]) and one.patient != two.patient
    refuse_twins([one, two], 2)
