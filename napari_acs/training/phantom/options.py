"""What a random phantom may look like."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PhantomOptions:
    """Ranges and probabilities that phantoms are drawn from; lengths in mm.

    Parameters
    ----------
    healthy : float
        Share of brains without a tumour.
    random_contrast : float
        Share of phantoms whose tissues have arbitrary intensities in every sequence (after
        SynthSeg, Billot et al. 2023), with the tumour still visible in at least one.
    diameter_mm : tuple of float
        Range of the tumour core's diameter, drawn log-uniformly.
    oedema_mm : tuple of float
        Range of how far oedema creeps through white matter, drawn log-uniformly.
    ring, solid, tiny, none : float
        Weights of the enhancement patterns: a rim round a necrotic core; enhancing throughout;
        specks in a non-enhancing core; no enhancement at all, as in many low-grade gliomas.
    multifocal : float
        Probability of further, smaller foci.
    displacement : tuple of float
        Mass effect: new volume for each unit of core volume. 1 moves tissue at the edge of a
        ball by a third of its radius.
    lateral_mm : tuple of float
        Allowed distance of the tumour's centre from the midline.
    distractors : float
        Scale of the probabilities of unlabelled lesions, vessels and blood. 0 turns them off.
    degrade : float
        Scale of the probabilities of thick slices and cut fields of view. 0 turns them off.
    noise : tuple of float
        Range of the Rician noise's sigma, as a share of white matter's signal.
    """

    healthy: float = 0.04
    random_contrast: float = 0.2
    diameter_mm: tuple[float, float] = (10.0, 76.0)
    oedema_mm: tuple[float, float] = (5.0, 38.0)
    ring: float = 0.5
    solid: float = 0.12
    tiny: float = 0.18
    none: float = 0.2
    multifocal: float = 0.15
    displacement: tuple[float, float] = (0.2, 2.0)
    lateral_mm: tuple[float, float] = (0.0, 90.0)
    distractors: float = 1.0
    degrade: float = 1.0
    noise: tuple[float, float] = (0.005, 0.05)
