"""Build a bundle's network and fill it with its weights, none of which is trusted.

The order is what keeps a hostile bundle cheap: the header of the weights says how large the
network may be; the network is built without memory (torch's "meta" device), within that size; only
what fits exactly gets its weights.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load
from torch import Tensor, nn
from torch.nn.modules.module import (
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)

from napari_acs.errors import BadInput
from napari_acs.models.networks import build_network
from napari_acs.models.out_of_memory import is_out_of_memory
from napari_acs.models.spec import AnySpec
from napari_acs.models.verify import verified_content, weights_file

Shapes = dict[str, tuple[int, ...]]

MOST_HEADER_BYTES = 4 * 2**20
# A builder may make more than it keeps: torchvision's VGG comes with a classifier of 124 million.
_SPARE_NUMBERS = 200_000_000
_SPARE_PARTS = 5_000


class _TooLarge(Exception):
    """No ``ValueError``, which builders may turn into something else."""


def load_network(folder: Path, spec: AnySpec) -> nn.Module:
    """Return a bundle's network with its weights, in its own axes, on the CPU.

    Raises
    ------
    BadInput
        If the weights are not the ones that ``model.json`` pins, do not fit the architecture
        exactly, or hold NaN or infinity.
    """
    file = weights_file(folder, spec)
    given = shapes_in(file)
    numbers = sum(torch.Size(shape).numel() for shape in given.values())
    network = built_to_fit(spec, numbers, len(given))
    wanted = network.state_dict()
    _refuse_misfit(file, {name: tuple(tensor.shape) for name, tensor in wanted.items()}, given)
    state = _state(file, verified_content(folder, spec))
    for name, tensor in state.items():
        if name not in wanted or tensor.shape != wanted[name].shape:
            raise BadInput(f"{file} changed while it was read", do="Try again")
        _refuse_other_kind(file, name, tensor, wanted[name])
        if not bool(tensor.isfinite().all()):
            raise BadInput(
                f"{file} is damaged",
                found=f"NaN or infinity in {name}",
                do="Ask its author for sound weights; the file is as it was published",
            )
    # As the network has them: a file in half precision is computed in single precision. Cloned,
    # because what lies in a file's bytes is not aligned as fast kernels like it.
    filled = {name: tensor.to(wanted[name].dtype, copy=True) for name, tensor in state.items()}
    network.load_state_dict(filled, assign=True)
    if has_meta(network):  # what is made anew each time and is in no file
        with within(spec, numbers, len(given)):
            network = build_network(spec)
        network.load_state_dict(filled)
    return network


def shapes_in(file: Path) -> Shapes:
    """Return the shape of each tensor in a ``.safetensors`` file, from its header alone.

    Raises
    ------
    BadInput
        If the file is no such file or its header is too large.
    """
    try:
        with file.open("rb") as stream:
            start = stream.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if length > MOST_HEADER_BYTES:
            found = f"a header of {length} bytes; the start of another kind of file looks so"
            raise BadInput(
                f"{file} cannot be read as safetensors",
                found=found,
                do="Ask its author for safetensors; no other file is opened under this name",
            )
        with safe_open(file, framework="pt") as opened:
            return {name: tuple(opened.get_slice(name).get_shape()) for name in opened.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(
            f"{file} cannot be read as safetensors",
            found=str(error),
            do="Copy the file again; it may be cut short",
        ) from error


def _state(file: Path, content: bytes) -> dict[str, Tensor]:
    try:
        return load(content)
    except (SafetensorError, ValueError, KeyError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise
        raise BadInput(f"{file} cannot be read as safetensors", found=str(error)) from error


def built_to_fit(spec: AnySpec, numbers: int, tensors: int) -> nn.Module:
    """Build a network for so many numbers in so many tensors.

    It takes no memory (its tensors are on the "meta" device) where its builder allows that.

    Raises
    ------
    BadInput
        If it is far larger than those, or cannot be built.
    """
    with within(spec, numbers, tensors):
        try:
            with torch.device("meta"):
                return build_network(spec)
        # Some builders look at values, which a meta tensor has not.
        except BadInput as refusal:
            if not isinstance(refusal.__cause__, RuntimeError):
                raise
        except RuntimeError:
            pass
        except MemoryError as error:
            raise _no_memory(spec, numbers) from error
        try:
            return build_network(spec)
        except (RuntimeError, OverflowError, MemoryError) as error:
            if is_out_of_memory(error):
                raise _no_memory(spec, numbers) from error
            raise BadInput(
                f"bundle {spec.id!r} names a network that cannot be built",
                found=str(error).splitlines()[0] if str(error) else type(error).__name__,
                do="Check architecture.arguments in its model.json",
            ) from error


def _no_memory(spec: AnySpec, numbers: int) -> BadInput:
    return BadInput(
        f"There is not enough memory to build the network of {spec.id!r}",
        expected=f"room for about {4 * numbers / 2**20:.0f} MiB of weights",
        do="Close other programs or images, and try again. If that does not help, its model.json "
        "may name a network far larger than its weights",
    )


@contextmanager
def within(spec: AnySpec, numbers: int, tensors: int) -> Iterator[None]:
    """Stop a builder, in this thread, that makes far more than the weights file could fill."""
    thread = threading.get_ident()
    left = {
        "numbers": 4 * numbers + _SPARE_NUMBERS,
        "parts": 20 * tensors + _SPARE_PARTS,
    }

    def count(module: nn.Module, name: str, made: object) -> None:
        if threading.get_ident() != thread:
            return
        left["parts"] -= 1
        left["numbers"] -= made.numel() if isinstance(made, Tensor) else 0
        if min(left.values()) < 0:
            raise _TooLarge

    hooks = (
        register_module_parameter_registration_hook(count),
        register_module_module_registration_hook(count),
    )
    try:
        yield
    except _TooLarge as error:
        raise BadInput(
            f"bundle {spec.id!r} names a network far larger than its weights",
            expected=f"one for {tensors} tensors of {numbers} numbers in all",
            do="Do not use it, or ask its author",
        ) from error
    finally:
        for hook in hooks:
            hook.remove()


def has_meta(network: nn.Module) -> bool:
    """Tell whether a tensor without memory is left: a buffer, or a plain attribute."""
    if any(t.is_meta for t in (*network.parameters(), *network.buffers())):
        return True
    return any(
        isinstance(value, Tensor) and value.is_meta
        for module in network.modules()
        for value in vars(module).values()
    )


def _refuse_misfit(file: Path, wanted: Mapping[str, tuple[int, ...]], given: Shapes) -> None:
    what = f"{file} does not fit the architecture that model.json names"
    do = "Copy the bundle again, or ask its author"
    missing, extra = sorted(wanted.keys() - given.keys()), sorted(given.keys() - wanted.keys())
    if missing:
        raise BadInput(what, found=f"no tensor {_some(missing)}", do=do)
    if extra:
        raise BadInput(what, found=f"tensors that it has no place for: {_some(extra)}", do=do)
    for name, shape in wanted.items():
        if given[name] != shape:
            raise BadInput(what, found=f"{name} of shape {given[name]}", expected=f"{shape}", do=do)


def _refuse_other_kind(file: Path, name: str, given: Tensor, wanted: Tensor) -> None:
    """Refuse whole numbers for real ones (quantised weights, say), and the other way round."""
    if (given.is_floating_point(), given.is_complex()) != (
        wanted.is_floating_point(),
        wanted.is_complex(),
    ):
        raise BadInput(
            f"{file} does not fit the architecture that model.json names",
            found=f"{name} in {str(given.dtype).removeprefix('torch.')}",
            expected=str(wanted.dtype).removeprefix("torch."),
            do="Ask its author for weights in float32 or float16; quantised ones are not read",
        )


def _some(names: list[str]) -> str:
    shown = ", ".join(name[:80] for name in names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
