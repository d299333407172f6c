"""One model over one image: every window in every view, blended, the views averaged."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from napari_acs.inference.moments import Moments
from napari_acs.inference.views import View, mirrored
from napari_acs.inference.windows import Blend, WindowPlan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.inference.ladder import Plan


def predict(
    network: nn.Module,
    probabilities: Callable[[Tensor], Tensor],
    image: NDArray[np.float32],
    plan: Plan,
    tiles: WindowPlan,
    views: Sequence[View],
    stop: Callable[[], None],
    background: Sequence[float] = (),
    unseen: NDArray[np.bool_] | None = None,
) -> Generator[int, None, Moments]:
    """Predict an image; yield the number of windows done after every batch.

    On a GPU that holds the sums the image goes there once, and one map a view comes back, so that
    no transfer is left between the windows for the computing to wait for.

    Parameters
    ----------
    network : nn.Module
        On the plan's device, in its precision.
    probabilities : callable
        From the network's output to regions, (n, r, z, y, x).
    image : ndarray of float32, shape (c, z, y, x)
    plan : Plan
    tiles : WindowPlan
        Of the image, with the plan's window.
    views : sequence of View
    stop : callable
        Called before every batch; what it raises ends the work.
    background : sequence of float
        What surrounds the image, in each channel; empty: zeros.
    unseen : ndarray of bool, shape (z, y, x), optional
        Where the image shows nothing: there every region gets 0, whatever the network makes of it.

    Returns
    -------
    Moments
        Over the views, shape (r, z, y, x).
    """
    held = torch.from_numpy(image).to(plan.sums)
    moments = Moments()
    for view in views:
        blend = Blend(tiles, held, background)
        for first in range(0, len(tiles.starts), plan.batch):
            stop()
            batch = range(first, min(first + plan.batch, len(tiles.starts)))
            seen = torch.cat([blend.cut(index) for index in batch]) if len(batch) > 1 else None
            seen = mirrored(blend.cut(first) if seen is None else seen, view)
            made = mirrored(_forward(network, probabilities, seen, plan), view)
            for place, index in enumerate(batch):
                blend.add(index, made[place : place + 1])
            del seen, made  # while the caller looks at the progress, they would stay
            yield len(batch)
        made_of_view = blend.result().cpu().numpy()
        if unseen is not None:
            made_of_view[:, unseen] = 0
        moments.add(made_of_view)
    return moments


def _forward(
    network: nn.Module, probabilities: Callable[[Tensor], Tensor], window: Tensor, plan: Plan
) -> Tensor:
    # Both modes are per batch, not around the loop: a generator that is suspended inside them
    # would leave them on for its caller. TF32 off and fixed algorithms: the same study gives
    # the same mask on any run, and a GPU's differs from the CPU's by rounding.
    exact = torch.backends.cudnn.flags(benchmark=False, deterministic=True, allow_tf32=False)
    dtype = torch.float32 if plan.device == "cpu" else getattr(torch, plan.precision)
    with torch.inference_mode(), exact:
        return probabilities(network(window.to(plan.device, dtype))).to(plan.sums)
