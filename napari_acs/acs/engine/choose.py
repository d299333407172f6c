"""Choose the fastest way for each layer: by a short timing, or from what was timed before."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from time import perf_counter

import torch
from torch import Tensor

from napari_acs.acs.engine.fused import FusedConv

_ROUNDS = 3
_AS_FAST = 1.1
"""Up to this ratio to the best time a way counts as equally fast: the clock is no better."""


@dataclass
class Plan:
    """What was found fastest: a layer's description to the name of a way.

    May be kept (:meth:`save`) and given to the next ``optimize``, which then times nothing.

    Attributes
    ----------
    ways : dict
        Filled while layers are met for the first time.
    """

    ways: dict[str, str] = field(default_factory=dict)

    def choose(self, fused: FusedConv, inputs: tuple[Tensor, ...], residual: Tensor | None) -> str:
        """Return the way for a layer: the remembered one, else the fastest of all."""
        key = description(fused, inputs, residual)
        names = list(fused.ways(inputs))
        if self.ways.get(key) not in names:
            only = len(names) == 1
            self.ways[key] = names[0] if only else _fastest(fused, names, inputs, residual)
        return self.ways[key]

    def save(self, file: Path) -> None:
        """Write the plan as JSON, for this machine and torch; its folder is made."""
        text = json.dumps({"machine": machine(), "ways": self.ways}, indent=1)
        file.parent.mkdir(parents=True, exist_ok=True)
        # Another process may read or write it at the same time.
        with NamedTemporaryFile("w", dir=file.parent, delete=False, encoding="utf-8") as beside:
            beside.write(text)
        Path(beside.name).replace(file)

    @classmethod
    def load(cls, file: Path) -> Plan:
        """Read a plan; one that is missing, damaged or of another machine or torch is empty."""
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            if found["machine"] == machine():
                return cls({str(key): str(way) for key, way in found["ways"].items()})
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass  # only time is lost: it is measured again
        return cls()


def machine() -> str:
    """Return what a timing depends on, besides the layer."""
    parts = [platform.machine(), torch.__version__, torch.backends.cpu.get_cpu_capability()]
    parts.append(f"{torch.get_num_threads()} threads")
    if torch.cuda.is_available():
        parts.append(torch.cuda.get_device_name())
    return ", ".join(parts)


def description(fused: FusedConv, inputs: tuple[Tensor, ...], residual: Tensor | None) -> str:
    """Return all that the time of a layer depends on, as one line."""
    parts = next(iter(fused.layer.ways.values()))()
    kernels = " ".join(
        f"{tuple(p.weight.shape)}g{p.groups}s{p.stride}d{p.dilation}m{p.margins}" for p in parts
    )
    shapes = "+".join(str(tuple(x.shape)) for x in inputs)
    extras = f"{fused.activation.name}{' residual' if residual is not None else ''}"
    return f"{inputs[0].device.type} {fused.dtype} {shapes} {kernels} {extras}".replace(", ", ",")


def _fastest(
    fused: FusedConv, names: list[str], inputs: tuple[Tensor, ...], residual: Tensor | None
) -> str:
    runs = {name: partial(fused.ready(name, inputs), inputs, residual) for name in names}
    times = {name: float("inf") for name in names}
    for turn in range(_ROUNDS + 1):
        for name, run in runs.items():
            seconds = _seconds(run, inputs[0].device)
            # The first turn warms caches up; the best of the others is least disturbed.
            if turn:
                times[name] = min(times[name], seconds)
    best = min(times.values())
    equals = [name for name in names if times[name] <= _AS_FAST * best]
    # Of equals, one that joins no inputs needs less memory.
    return next((name for name in equals if name.endswith("apart")), equals[0])


def _seconds(run: Callable[[], Tensor], device: torch.device) -> float:
    _wait(device)
    start = perf_counter()
    run()
    _wait(device)
    return perf_counter() - start


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
