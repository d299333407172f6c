"""The number format that a machine computes networks fastest in without losing masks."""

from __future__ import annotations

import torch


def fast_dtype(device: torch.device | str = "cpu") -> torch.dtype:
    """Return bfloat16 where the hardware multiplies it, else float32.

    That is: CPUs with AVX512_BF16 or AMX, NVIDIA GPUs from Ampere on.

    Parameters
    ----------
    device : torch.device or str
        Where the network will run.
    """
    kind = torch.device(device).type
    if kind == "cuda":
        # bf16 without tensor cores for it would be emulated, and slower than float32.
        native = torch.cuda.get_device_capability(device) >= (8, 0)
        return torch.bfloat16 if native else torch.float32
    if kind == "cpu" and _cpu_has_bf16():
        return torch.bfloat16
    return torch.float32


def _cpu_has_bf16() -> bool:
    if hasattr(torch.cpu, "get_capabilities"):  # torch 2.10
        found = torch.cpu.get_capabilities()
        return bool(found.get("avx512_bf16") or found.get("amx_bf16"))
    private = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, bool)() for name in private)
