"""Where in its box a classifier looks: class activation maps in 3D.

Grad-CAM (Selvaraju et al., ICCV 2017) weighs every channel of a layer by its mean gradient;
LayerCAM (Jiang et al., IEEE TIP 2021) by the positive gradient at each place, which keeps its
meaning in the finer layers. Both show what raises the class's logit, not what is true of the
tumour.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from napari_acs.models.classifier import ACSClassifier, pooled
from napari_acs.models.classifier_ensemble import Classifier, seen_by, views_of

Method = Literal["layercam", "gradcam"]
METHODS: tuple[Method, ...] = ("layercam", "gradcam")

_FINE_ENOUGH = 8
"""Voxels along the shortest side of a map that is worth looking at."""


def activation_map(
    network: ACSClassifier,
    box: Tensor,
    target: int,
    method: Method = "layercam",
    resolution: int | None = None,
) -> Tensor:
    """Return where a classifier finds what speaks for a class.

    Parameters
    ----------
    network : ACSClassifier
        In eval mode; neither it nor its gradients are changed.
    box : Tensor of float32, shape (1, c, z, y, x)
    target : int
        The class, whose logit is asked about (not its probability, which also says what speaks
        against the others).
    method : {"layercam", "gradcam"}
    resolution : int, optional
        Which of the encoder's maps is looked at, 0 the finest. Left out: the deepest that has
        at least 8 voxels along every side, or the finest.

    Returns
    -------
    Tensor of float32, shape (z, y, x)
        0 to 1; all 0 where nothing speaks for the class. Interpolated linearly to the box.

    Raises
    ------
    ValueError
        There is no such class, resolution or method.
    """
    if method not in METHODS:
        raise ValueError(f"the methods are {', '.join(METHODS)}, not {method}")
    with torch.enable_grad():
        # Asks for a graph even where all parameters are frozen.
        maps = network.encoder(box.detach().clone().requires_grad_(True))
        strides = network.encoder.strides
        level = useful_level(strides, box.shape[2:]) if resolution is None else resolution
        if not 0 <= level < len(maps):
            raise ValueError(f"the encoder has {len(maps)} resolutions, not one of number {level}")
        logits = network.head(pooled(maps[-1]))
        if not 0 <= target < logits.shape[1]:
            raise ValueError(f"the classifier has {logits.shape[1]} classes, not number {target}")
        (gradient,) = torch.autograd.grad(logits[0, target], maps[level])
    found = weighed(maps[level].detach(), gradient, method)
    found = functional.interpolate(
        found[:, None].float(), size=box.shape[2:], mode="trilinear", align_corners=False
    )[0, 0]
    top = float(found.max())
    return found / top if top > 0 else found


def mean_activation_map(
    network: Classifier,
    box: Tensor,
    target: int,
    method: Method = "layercam",
    resolution: int | None = None,
) -> Tensor:
    """Return the mean of the maps of every look that a classifier's answer is the mean of.

    As `activation_map`, of each member of an ensemble and, where it looks at the mirror image too,
    of that, turned back; scaled to 0 to 1 again.
    """
    found = torch.stack(
        [
            seen_by(
                view, activation_map(view.network, seen_by(view, box), target, method, resolution)
            )
            for view in views_of(network)
        ]
    ).mean(dim=0)
    top = float(found.max())
    return found / top if top > 0 else found


def weighed(maps: Tensor, gradient: Tensor, method: Method) -> Tensor:
    """Weigh feature maps (n, channels, z, y, x) by a gradient of that shape; return (n, z, y, x).

    Equations 1 and 2 of the Grad-CAM paper, 4 and 5 of the LayerCAM paper.
    """
    alike_everywhere = method == "gradcam"
    weights = gradient.mean(dim=(2, 3, 4), keepdim=True) if alike_everywhere else gradient.relu()
    return (weights * maps).sum(dim=1).relu()


def useful_level(strides: Sequence[int], size: Sequence[int]) -> int:
    """Return the number of an encoder's deepest map that still tells places apart.

    Parameters
    ----------
    strides : sequence of int
        Of the maps, in input voxels.
    size : sequence of int
        Of the box, z, y, x in voxels.
    """
    fine = [level for level, n in enumerate(strides) if min(size) // n >= _FINE_ENOUGH]
    return max(fine, default=0)
