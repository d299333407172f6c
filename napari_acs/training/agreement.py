"""What one of several processes refuses, all of them refuse; and one alone says why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import torch
from lightning_fabric import Fabric

from napari_acs.errors import BadInput

T = TypeVar("T")

_SIGNS: Final = (
    "closed by peer",
    "reset by peer",
    "monitoredBarrier",
    "Broken pipe",
    "remote process exited",
    "NCCL communicator was aborted",
)
"""In what gloo and NCCL say where a process on the other end is gone."""


class RefusedElsewhere(Exception):
    """Another process of the run refused, and says why."""


def agreed(fabric: Fabric, work: Callable[[], T]) -> T:
    """Do what may be refused; where one process refuses, none goes on.

    Every process of a run calls this at the same place. Without it, the others would wait for the
    one that refused, and then call its silence a fault.

    Parameters
    ----------
    fabric : Fabric
    work : callable
        This process's own part; it must not wait for another process.

    Returns
    -------
    object
        What ``work`` returned.

    Raises
    ------
    BadInput
        This process is the first that refuses.
    RefusedElsewhere
        Another one is, and speaks for all.
    """
    return _settled(fabric, *_tried(work))


def main_first(fabric: Fabric, work: Callable[[], T], *, local: bool = False) -> T:
    """Do as `agreed` does, the main process before all others.

    Parameters
    ----------
    fabric, work
        See `agreed`.
    local : bool
        Whether the first process of each machine goes before those of that machine instead.
    """
    with fabric.rank_zero_first(local=local):
        outcome = _tried(work)
    return _settled(fabric, *outcome)


def _tried(work: Callable[[], T]) -> tuple[T | None, BadInput | None]:
    try:
        return work(), None
    except BadInput as refusal:
        return None, refusal


def _settled(fabric: Fabric, done: T | None, fault: BadInput | None) -> T:
    if fabric.world_size > 1:
        mine = fabric.world_size if fault is None else fabric.global_rank
        place = torch.tensor(mine, device=fabric.device)
        first = int(torch.as_tensor(fabric.all_reduce(place, reduce_op="min")))
        if first < fabric.world_size and first != fabric.global_rank:
            raise RefusedElsewhere
    if fault is not None:
        raise fault
    return done  # type: ignore[return-value]  # None stands for a refusal only, which was raised


def is_lost_company(error: Exception) -> bool:
    """Tell whether an error says that another process of the run is gone."""
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in _SIGNS)
