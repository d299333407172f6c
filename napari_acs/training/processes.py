"""One process or several, on one machine or many: Lightning Fabric's work, set up for our loop."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Final, Literal

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy

from napari_acs.errors import BadInput

_PRECISIONS: Final = {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}
_PATIENCE = timedelta(hours=6)
"""How long processes wait for the one that prepares the cache or validates."""


def start_processes(
    device: str = "cpu",
    devices: int | None = None,
    precision: Literal["fp32", "bf16", "fp16"] = "fp32",
) -> Fabric:
    """Start (or join) the processes of a run; returns in every one of them.

    Under ``torchrun`` and ``srun`` the processes are there already, and their number is taken
    from the environment. Otherwise, with ``devices`` above 1, Fabric runs this very command
    again for each further process.

    Parameters
    ----------
    device : str
        Where to compute, as torch names it: ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
    devices : int, optional
        Processes on this machine, one a GPU; left out: as the environment says, else 1.
    precision : {"fp32", "bf16", "fp16"}
        The last two are mixed precision.

    Raises
    ------
    BadInput
        If there are fewer GPUs than asked for, or the device cannot compute in ``precision``.
    """
    kind, _, index = device.partition(":")
    if precision == "fp16" and kind == "cpu":
        raise BadInput(
            "fp16 is not for the CPU", found=f"device {device}", do="Set precision to bf16 or fp32"
        )
    here, machines = _launched_from_outside()
    here = devices or here
    if kind == "cuda" and here > torch.cuda.device_count():
        raise BadInput(
            f"{here} GPUs were asked for",
            found=f"{torch.cuda.device_count()} on this machine",
            do="Lower --devices",
        )
    several = here * machines > 1
    fabric = Fabric(
        accelerator=kind,
        devices=[int(index)] if index and not several else here,
        num_nodes=machines,
        # Running statistics are averaged by the loop, where one process averages them as well.
        strategy=DDPStrategy(broadcast_buffers=False, timeout=_PATIENCE) if several else "auto",
        precision=_PRECISIONS[precision],  # type: ignore[arg-type]  # a str, to mypy
    )
    fabric.launch()
    return fabric


def _launched_from_outside() -> tuple[int, int]:
    """Return (processes a machine, machines) as torchrun or SLURM set them; (1, 1) without."""
    said = os.environ
    if torch.distributed.is_available() and torch.distributed.is_torchelastic_launched():
        here = int(said["LOCAL_WORLD_SIZE"])
        return here, int(said["WORLD_SIZE"]) // here
    if "SLURM_PROCID" in said and int(said.get("SLURM_NTASKS", "1")) > 1:
        machines = int(said.get("SLURM_NNODES", "1"))
        return int(said["SLURM_NTASKS"]) // machines, machines
    return 1, 1
