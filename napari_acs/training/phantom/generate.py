"""Draw one digital phantom: brain, tumour, four sequences and the true labels."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .acquire import acquire
from .anatomy import draw_anatomy
from .atlas import Atlas
from .contrast import draw_contrast, draw_random_contrast
from .fields import chance
from .mixture import mix_tissues
from .options import PhantomOptions
from .tumour import draw_tumour


@dataclass(frozen=True)
class Phantom:
    """A made-up study and its truth; a phantom, never a patient.

    Parameters
    ----------
    images : Tensor
        ``(4, z, y, x)`` float, sequences t1, t1ce, t2, flair; arbitrary positive units in the
        brain and exactly 0 outside. LPS array order.
    labels : Tensor
        ``(z, y, x)`` uint8: 0 none, 1 necrotic or non-enhancing core (NCR), 2 oedema (ED),
        3 enhancing tumour (ET).
    """

    images: Tensor
    labels: Tensor


def _fit(x: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """Crop or zero-pad the last three axes to a shape, keeping the centre."""
    padding: list[int] = []
    for have, want in zip(reversed(x.shape[-3:]), reversed(shape), strict=True):
        before = (want - have) // 2
        padding += [before, want - have - before]
    return torch.nn.functional.pad(x, padding)


@torch.no_grad()
def generate(
    atlas: Atlas,
    rng: torch.Generator,
    *,
    shape: tuple[int, int, int] | None = None,
    options: PhantomOptions | None = None,
) -> Phantom:
    """Draw a random phantom. Needs torch only; the same seed gives the same phantom.

    Parameters
    ----------
    atlas : Atlas
        From `load_atlas`, on the generator's device.
    rng : torch.Generator
        The only source of randomness.
    shape : tuple of int, optional
        ``(z, y, x)`` of the result, cropped or zero-padded about the centre. Default: the
        atlas's shape.
    options : PhantomOptions, optional
        Ranges to draw from.

    Returns
    -------
    Phantom
        Float images in the atlas's precision (float32 as loaded) and uint8 labels.

    Notes
    -----
    A deformed atlas brain (`draw_anatomy`), a level-set tumour with mass effect and oedema that
    follows white matter (`draw_tumour`), tissue shares with unlabelled distractors
    (`mix_tissues`), a contrast table, and the scanner's defects (`acquire`).
    """
    options = PhantomOptions() if options is None else options
    anatomy = draw_anatomy(atlas, rng)
    anatomy, tumour = draw_tumour(anatomy, rng, options)
    mix = mix_tissues(anatomy, tumour, rng, options)
    draw = draw_random_contrast if chance(rng, options.random_contrast) else draw_contrast
    images = acquire(mix, draw(rng, mix), anatomy, rng, options)
    if shape is None:
        return Phantom(images=images, labels=tumour.labels)
    return Phantom(images=_fit(images, shape), labels=_fit(tumour.labels, shape))
