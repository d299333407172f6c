"""Which torch device a job runs on."""

from __future__ import annotations

import torch

from napari_acs.errors import BadInput

AUTO = "auto"


def available_devices() -> list[str]:
    """Return the devices that can compute here, the fastest kind first; the CPU is always last.

    Returns
    -------
    list of str
        ``"cuda"`` (then ``"cuda:1"``, ... where there are several GPUs), ``"mps"``, ``"cpu"``.
    """
    found = []
    if torch.cuda.is_available():
        found += ["cuda", *(f"cuda:{i}" for i in range(1, torch.cuda.device_count()))]
    if torch.backends.mps.is_available():
        found.append("mps")
    return [*found, "cpu"]


def pick_device(name: str = AUTO) -> str:
    """Return the device to use for a wish: ``"auto"``, or the name of an available device.

    Raises
    ------
    BadInput
        The device is not there.
    """
    devices = available_devices()
    wish = name.strip().lower()
    if wish == AUTO:
        return devices[0]
    if wish in devices:
        return wish
    if wish == "cuda:0" and "cuda" in devices:
        return "cuda"
    raise BadInput(
        f"Device {name!r} is not available on this machine",
        expected=", ".join([AUTO, *devices]),
        do="Choose one of these",
    )


def device_title(device: str) -> str:
    """Return a device's name for people and records: ``"cuda (NVIDIA H100)"``, ``"cpu"``."""
    if device.startswith("cuda"):
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return device
