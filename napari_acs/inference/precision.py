"""Which number format a network computes in, and the network made fast in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
import torch
from torch import nn

from napari_acs.acs import fast_dtype, optimize
from napari_acs.errors import BadInput

if TYPE_CHECKING:
    from napari_acs.models import Bundle

FLOAT32, BFLOAT16, AUTO = "float32", "bfloat16", "auto"
PRECISIONS = (FLOAT32, BFLOAT16, AUTO)


def pick_precision(wish: str, device: str) -> str:
    """Return ``"float32"`` or ``"bfloat16"`` for a wish, which may be ``"auto"``.

    Automatic is the fastest that the device multiplies; float32 on GPUs, where the engine was
    never tried.

    Raises
    ------
    BadInput
        The wish is unknown, or the device does not multiply bfloat16.
    """
    if wish not in PRECISIONS:
        raise BadInput(f"Precision {wish!r} is unknown", expected=", ".join(PRECISIONS))
    can = device == "cpu" and fast_dtype(device) == torch.bfloat16
    if wish == BFLOAT16 and not can:
        raise BadInput(
            f"bfloat16 is not offered on {device!r} here",
            expected="a CPU with AVX512_BF16 or AMX",
            do="Choose float32, or auto",
        )
    return BFLOAT16 if can and wish != FLOAT32 else FLOAT32


def may_fall_to_bfloat16(wish: str, device: str) -> bool:
    """Tell whether a GPU may compute in bfloat16 where its memory is short: if the choice is ours.

    A CPU that multiplies it does so from the start when the choice is ours.
    """
    return wish == AUTO and device.startswith("cuda") and torch.cuda.is_bf16_supported()


def ready_network(bundle: Bundle, device: str, precision: str) -> nn.Module:
    """Return a bundle's network, ready for windows.

    On CPUs it goes through :func:`napari_acs.acs.optimize`; how its layers are computed is timed
    on the first window ever, and kept in the user's cache folder.

    Parameters
    ----------
    bundle : Bundle
    device : str
    precision : str
        ``"float32"`` or ``"bfloat16"``.
    """
    network = bundle.network()
    if device != "cpu":
        return network.to(device, getattr(torch, precision))
    plan = plan_folder() / f"{bundle.spec.id}-{bundle.sha256[:8]}-{precision}.json"
    return optimize(network, dtype=getattr(torch, precision), plan=plan)


def plan_folder() -> Path:
    """Return the folder where the engine's plans are kept; it may be deleted at any time."""
    return Path(platformdirs.user_cache_dir("napari-acs", appauthor=False)) / "plans"
