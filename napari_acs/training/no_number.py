"""A loss that is no number: when it ends a run, and when it is passed over."""

from __future__ import annotations

import math

from torch import nn

from napari_acs.errors import BadInput

_MOST = 20
"""In a row, in fp16; then nothing is learned any more."""


class Losses:
    """What the losses of a run say of its state.

    In fp16 a step may overflow: its gradients are left out by the scaler, and the run goes on. It
    does not where the running statistics of the network took in what overflowed, as they, and the
    average that ships, would never be numbers again.

    Parameters
    ----------
    precision : str
        Of the recipe.
    """

    def __init__(self, precision: str) -> None:
        self._half = precision == "fp16"
        self._in_a_row = 0

    def refuse_no_number(self, step: int, loss: float, network: nn.Module) -> None:
        """Refuse to go on after a step.

        Parameters
        ----------
        step : int
            Steps done.
        loss : float
            The mean over the whole batch.
        network : nn.Module
            As the step left it.

        Raises
        ------
        BadInput
            The loss is not a number, and what has come of it cannot be passed over.
        """
        if math.isfinite(loss):
            self._in_a_row = 0
            return
        self._in_a_row += 1
        do = "Lower learning_rate, or train in fp32; the last checkpoint is kept"
        if not self._half:
            raise BadInput(f"The loss at step {step} is not a number", found=str(loss), do=do)
        if not all(bool(b.isfinite().all()) for b in network.buffers()):
            raise BadInput(
                f"The loss at step {step} is not a number",
                found="values too large for fp16 in the network's running statistics",
                do="Set precision to bf16 or fp32; the last checkpoint is kept",
            )
        if self._in_a_row >= _MOST:
            raise BadInput(
                f"The losses of the last {_MOST} steps to {step} are not numbers",
                found=str(loss),
                do="Set precision to bf16 or fp32, or lower learning_rate; the last checkpoint is "
                "kept",
            )
