"""Export a 3D network, its sizes left free, to ``torch.export`` and to ONNX.

``onnx``, ``onnxscript`` (to write) and ``onnxruntime`` (to check what was written) are optional:
``pip install napari-acs[export]``.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram
from torch.fx.experimental import _config as shape_config

OPSET = 18
"""Version of the ONNX operators used; known to onnxruntime from 1.14 on."""

AXES = {0: "batch", 2: "z", 3: "y", 4: "x"}
"""Names of the free axes of (n, c, z, y, x)."""

_SIDE = 64
"""Voxels that leave more than one behind a stride of 32: one voxel would pass for a constant."""


@dataclass(frozen=True)
class OnnxExport:
    """What :func:`export_onnx` wrote.

    Attributes
    ----------
    file : Path
        The ONNX file, weights included. Its input is called ``volume``.
    opset : int
        Version of the ONNX operators in it.
    max_abs_difference : float or None
        Largest difference between onnxruntime's and torch's output, on the example and, where the
        sizes are free, on a larger batch of larger, odd sides if the network takes these. None
        without ``onnxruntime``.
    """

    file: Path
    opset: int
    max_abs_difference: float | None


def export_program(model: nn.Module, example: Tensor, *, dynamic: bool = True) -> ExportedProgram:
    """Export a network with ``torch.export``.

    Parameters
    ----------
    model : nn.Module
        A 3D network in evaluation mode, of one input.
    example : Tensor, shape (n, c, z, y, x)
        An input of the right channels, data type and device.
    dynamic : bool
        Whether batch, z, y and x stay free; otherwise they are the example's.

    Returns
    -------
    ExportedProgram
        ``program.module()`` is the network. Volumes so small that a layer is left with one voxel,
        and with circular padding a batch of one, are refused by guards of torch's own that do not
        change results: ``program.module(check_guards=False)`` takes them.

    Raises
    ------
    ValueError
        If the network is in training mode, the example lacks an axis, or, with ``dynamic``, the
        network's forward fixes one of them. (Smallest and divisible sizes become guards, which
        ``program.module()`` checks and ONNX does not know.)
    """
    if model.training:
        raise ValueError("the network is in training mode; call model.eval() before the export")
    if example.dim() != len(AXES) + 1:
        raise ValueError(f"the example is {tuple(example.shape)}, not (n, c, z, y, x)")
    if not dynamic:
        return torch.export.export(model, (example,), strict=False)
    n, c, *sides = example.shape
    # The sizes are free, but torch looks at the example's in places, where 1 and few mislead it.
    example = example.new_zeros(max(n, 2), c, *(max(side, _SIDE) for side in sides))
    try:
        with _sizes_never_special():
            return torch.export.export(
                model, (example,), dynamic_shapes=(dict.fromkeys(AXES, Dim.DYNAMIC),), strict=False
            )
    except torch._dynamo.exc.UserError as error:
        raise ValueError(
            f"{type(model).__name__} cannot be exported with free sizes, since its forward fixes "
            f"one; dynamic=False exports it for the example's sizes alone: {error}"
        ) from error


def export_onnx(
    model: nn.Module, example: Tensor, file: str | Path, *, dynamic: bool = True
) -> OnnxExport:
    """Write a network as ONNX, and compare it with torch where ``onnxruntime`` is installed.

    Parameters
    ----------
    model, example, dynamic
        As in :func:`export_program`; on the CPU, in float32.
    file : path
        Where to write it; replaced if it exists.

    Returns
    -------
    OnnxExport
        With the largest difference that was found.

    Raises
    ------
    ValueError
        As in :func:`export_program`.
    ModuleNotFoundError
        If ``onnx`` or ``onnxscript`` is not installed.
    """
    missing = [name for name in ("onnx", "onnxscript") if not _installed(name)]
    if missing:
        raise ModuleNotFoundError(
            f"ONNX export needs {' and '.join(missing)}: pip install {' '.join(missing)}"
        )
    file = Path(file)
    program = export_program(model, example, dynamic=dynamic)
    torch.onnx.export(
        program,
        (),
        str(file),
        dynamo=True,
        opset_version=OPSET,
        input_names=["volume"],
        dynamic_shapes=(AXES,) if dynamic else None,  # of a program, only their names are used
        external_data=False,
        verbose=False,
    )
    if not _installed("onnxruntime"):
        return OnnxExport(file, OPSET, None)
    answers = [(example, _answer(model, example))]
    if dynamic:
        n, c, *sides = example.shape
        seeded = torch.Generator().manual_seed(0)
        odd = torch.randn(n + 1, c, *(side + 1 + side % 2 for side in sides), generator=seeded)
        with contextlib.suppress(RuntimeError, ValueError):  # not every network takes odd sides
            answers.append((odd.to(example), _answer(model, odd.to(example))))
    return OnnxExport(file, OPSET, max(_difference(file, *answer) for answer in answers))


def _answer(model: nn.Module, volume: Tensor) -> list[Tensor]:
    with torch.no_grad():
        return list(_tensors(model(volume)))


def _difference(file: Path, volume: Tensor, expected: list[Tensor]) -> float:
    runtime = importlib.import_module("onnxruntime")
    session = runtime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    found = session.run(None, {"volume": volume.cpu().numpy()})
    pairs = zip(found, expected, strict=True)
    return max(float((torch.from_numpy(a) - b.cpu()).abs().max()) for a, b in pairs)


def _tensors(output: Any) -> Iterator[Tensor]:
    if isinstance(output, Tensor):
        yield output
        return
    for part in output.values() if isinstance(output, dict) else output:
        yield from _tensors(part)


@contextlib.contextmanager
def _sizes_never_special() -> Iterator[None]:
    """Keep torch from taking a size that is 1 somewhere in the network for a constant.

    torch.onnx does the same. A torch without that setting exports too, and refuses networks
    where it matters.
    """
    if not hasattr(shape_config, "backed_size_oblivious"):
        yield
        return
    with shape_config.patch(backed_size_oblivious=True):  # type: ignore[attr-defined]
        yield


def _installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None
