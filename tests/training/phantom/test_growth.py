"""The tumour in its brain: mass effect, infiltration, contrast tables, distractors."""

from __future__ import annotations

import pytest
import torch

from napari_acs.training.phantom.anatomy import draw_anatomy
from napari_acs.training.phantom.contrast import TISSUES, draw_contrast, draw_random_contrast
from napari_acs.training.phantom.fields import indices
from napari_acs.training.phantom.mixture import mix_tissues
from napari_acs.training.phantom.options import PhantomOptions
from napari_acs.training.phantom.tumour import draw_tumour, press

SICK = PhantomOptions(healthy=0.0, diameter_mm=(30.0, 45.0), oedema_mm=(12.0, 20.0))


@pytest.fixture(scope="module")
def brain(atlas):
    return draw_anatomy(atlas, torch.Generator().manual_seed(11))


def mean_position(weight):
    where = indices(tuple(weight.shape), weight)
    return (where * weight).sum((1, 2, 3)) / weight.sum()


def test_anatomy_is_a_partition_of_the_brain(brain):
    total = brain.gm + brain.wm + brain.csf
    assert torch.allclose(total[brain.brain], torch.ones(1), atol=1e-4)
    assert (total[~brain.brain] == 0).all()
    assert (brain.ventricles <= brain.csf + 1e-6).all()


def test_mass_effect_pushes_and_compresses_the_ventricles(brain):
    mm = brain.spacing_mm
    middle = mean_position(brain.ventricles)
    centre = middle.clone()
    centre[2] += 30 / mm  # in the white matter on the left
    offset = (indices(brain.shape, brain.gm) - centre.view(3, 1, 1, 1)) * mm
    core = (offset.norm(dim=0) < 20).float() * brain.brain
    pressed = press(brain, core, 1.5)
    outside = 1 - core
    before, after = (float((b.ventricles * outside).sum()) for b in (brain, pressed))
    assert after < 0.95 * before
    beside = (offset[:2].norm(dim=0) < 15).float()
    planes = [mean_position(beside * torch.exp(-((b.midline / 4) ** 2))) for b in (brain, pressed)]
    assert float(planes[1][2] - planes[0][2]) * mm < -1.5  # to the right: midline shift
    assert torch.equal(pressed.brain, brain.brain)  # the skull holds
    total = (pressed.gm + pressed.wm + pressed.csf)[brain.brain]
    assert torch.allclose(total, torch.ones(1), atol=1e-3)
    # Tissue gives way to the mass, fluid to the tissue.
    tissue = [float(((b.gm + b.wm) * outside).sum()) for b in (brain, pressed)]
    assert tissue[1] > tissue[0]
    still = press(brain, core, 0.0)
    assert torch.allclose(still.wm, brain.wm, atol=1e-4)


def test_oedema_keeps_to_white_matter_and_out_of_the_ventricles(atlas):
    preference = []
    for seed in range(4):
        rng = torch.Generator().manual_seed(seed)
        brain, tumour = draw_tumour(draw_anatomy(atlas, rng), rng, SICK)
        oedema = tumour.labels == 2
        preference.append(float(brain.wm[oedema].mean() / brain.gm[oedema].mean()))
        assert float(brain.csf[oedema].mean()) < 0.1
        assert float(brain.ventricles[tumour.labels > 0].mean()) < 0.05
        assert (tumour.oedema[oedema] > 0.5).all()
    assert sum(preference) / len(preference) > 3.3  # white to grey matter; 2.4 without the stop


def test_contrasts_are_ordered_as_in_glioma_mri():
    for seed in range(100):
        table = draw_contrast(torch.Generator().manual_seed(seed), torch.zeros(1))
        t1, t1ce, t2, flair = (dict(zip(TISSUES, row.tolist(), strict=True)) for row in table)
        assert t1["wm"] > t1["gm"] > t1["csf"]
        assert t1["oedema"] < t1["wm"]
        assert t1ce["enhancing"] > max(t1ce["wm"], t1ce["oedema"], t1ce["csf"])
        assert t2["csf"] > t2["gm"] > t2["wm"]
        assert t2["oedema"] > t2["wm"]
        assert flair["csf"] < flair["wm"] < flair["gm"] < flair["oedema"]


def test_random_contrasts_differ_but_leave_the_tumour_visible():
    tables = [
        draw_random_contrast(torch.Generator().manual_seed(s), torch.zeros(1)) for s in range(100)
    ]
    at = TISSUES.index
    for table in tables:
        for other in ("wm", "gm", "solid", "cyst", "enhancing"):
            assert (table[:, at("oedema")] - table[:, at(other)]).abs().max() > 0.15
    darker = [float(t[3, at("oedema")]) < float(t[3, at("wm")]) for t in tables]
    assert 20 < sum(darker) < 80  # not the FLAIR contrast in disguise


def test_distractors_change_the_image_and_not_the_labels(atlas):
    rng = torch.Generator().manual_seed(2)
    brain, tumour = draw_tumour(draw_anatomy(atlas, rng), rng, SICK)
    lesions = [TISSUES.index(t) for t in ("vessel", "wmh", "blood")]
    seen = torch.zeros(3)
    for seed in range(12):
        mix = mix_tissues(brain, tumour, torch.Generator().manual_seed(seed), SICK)
        assert torch.allclose(mix.sum(0)[brain.brain], torch.ones(1), atol=1e-3)
        seen += torch.stack([(mix[i] * (tumour.labels == 0)).sum() for i in lesions])
        blood = mix[TISSUES.index("blood")]
        assert not blood[(tumour.labels == 0) | (tumour.labels == 2)].any()
    assert (seen[:2] > 5).all()
    plain = mix_tissues(
        brain, tumour, torch.Generator().manual_seed(0), PhantomOptions(distractors=0.0)
    )
    assert not plain[lesions].any()
