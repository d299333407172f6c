"""How the GPU kernel is cut to size: the choices there are, and a model that ranks them.

The model only orders what :func:`napari_acs.acs.gpu.offer.offer` may time; its numbers are the
H100's data sheet in clocks of one multiprocessor, and no GPU has been asked yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import ceil, prod
from typing import Literal

from napari_acs.acs.geometry import KernelGeometry, volume_stride
from napari_acs.acs.gpu.tiles import cut, output_size
from napari_acs.acs.split import Split

Size = tuple[int, int, int]

Fetch = Literal["l1", "l2", "bulk"]
"""How boxes of the volume arrive: by asynchronous copies through the first-level cache, where taps
side by side find each other's voxels, or past it, or by Hopper's bulk copies (TMA)."""

Precision = Literal["ieee", "tf32x3", "tf32"]
"""How float32 is multiplied: exactly, as three tf32 products (nearly exact), or as one."""

BOXES: dict[int, tuple[Size, ...]] = {
    64: ((4, 4, 4), (1, 8, 8), (1, 4, 16)),
    128: ((4, 4, 8), (8, 4, 4), (2, 8, 8), (1, 8, 16)),
    256: ((4, 8, 8), (2, 8, 16), (1, 16, 16)),
}
"""Boxes of output voxels (z, y, x) by their volume, the most compact first."""

_WIDTHS = (16, 32, 64, 128)
_DEPTHS = (16, 32, 64)
_STAGES = (4, 3)
_PROGRAMS = 2
"""Programs that are to fit a multiprocessor's memory: one computes while the other waits."""
_ACCUMULATORS = {"16 bit": 64, "tf32": 64, "tf32x3": 32, "ieee": 32}
"""Registers of a thread that may hold sums; where more do, others spill (seen by compiling)."""
_IEEE_BULK_ACCUMULATORS = 16
"""The same where boxes come by bulk copies and are multiplied exactly (seen with Triton 3.8)."""

_FLOP_PER_CLOCK = {"16 bit": 4096, "tf32": 2048, "tf32x3": 680, "ieee": 256}
_BYTES_PER_CLOCK = {"l1": 55, "l2": 40, "bulk": 45}
"""Of what one multiprocessor fetches."""
_CLOCKS_PER_STEP = 30


@dataclass(frozen=True)
class Config:
    """One way to run the kernel.

    Attributes
    ----------
    voxels : int
        Output voxels of a program: a key of ``BOXES``.
    width : int
        Output channels of a program.
    depth : int
        Input channels of one step.
    across : bool
        Whether tiles run over the borders of the planes; see :mod:`napari_acs.acs.gpu.tiles`.
    fetch : Fetch
        How boxes of the volume arrive.
    warps, stages : int
        Triton's ``num_warps`` and ``num_stages``.
    """

    voxels: int
    width: int
    depth: int
    across: bool
    fetch: Fetch
    warps: int
    stages: int

    def box(self, size: Size) -> Size:
        """Return the box of output voxels that wastes least of an output of this size."""
        # A bulk copy of a line goes to the matrix unit as it is, one of a block through registers.
        line: tuple[Size, ...] = ((1, 1, self.voxels),) if self.fetch == "bulk" else ()
        return min(line + BOXES[self.voxels], key=lambda box: _covered(size, box))


@dataclass(frozen=True)
class Problem:
    """What a choice depends on.

    Attributes
    ----------
    geometry, split, in_channels
        Of the layer.
    batch, size : int, (int, int, int)
        Of the input: volumes, and sides along z, y, x.
    itemsize : int
        Bytes of an element.
    precision : Precision
        Matters for four bytes only.
    bulk : bool
        Whether the device can do bulk copies.
    shared_memory : int
        Bytes that one program may have.
    processors : int
        Multiprocessors of the device.
    """

    geometry: KernelGeometry
    split: Split
    in_channels: int
    batch: int
    size: Size
    itemsize: int
    precision: Precision = "tf32"
    bulk: bool = False
    shared_memory: int = 99 * 1024
    processors: int = 132

    def arithmetic(self) -> str:
        """Return which products the matrix unit computes."""
        return "16 bit" if self.itemsize == 2 else self.precision

    def bulk_fits(self) -> bool:
        """Return whether bulk copies can fetch this input: unit strides, rows of 16 bytes."""
        aligned = self.in_channels * self.itemsize % 16 == 0
        return self.bulk and aligned and volume_stride(self.geometry) == (1, 1, 1)


def configs(problem: Problem) -> tuple[Config, ...]:
    """Return the ways to run a problem, the one that should be fastest first."""
    outputs = sum(problem.split)
    # Nothing deeper or wider than the layer, but for the smallest there is.
    depths = [d for d in _DEPTHS if d == _DEPTHS[0] or d < 2 * problem.in_channels]
    widths = [w for w in _WIDTHS if w == _WIDTHS[0] or w < 2 * outputs]
    if problem.itemsize == 4:
        depths = [d for d in depths if d <= 32]
    found = []
    for voxels, width, depth, across in product(BOXES, widths, depths, (True, False)):
        warps = 8 if voxels * max(width, 32) > 128 * 32 else 4
        sums = voxels * width // (warps * 32)
        if sums > _ACCUMULATORS[problem.arithmetic()]:
            continue
        step_bytes = (voxels + width) * depth * problem.itemsize * _PROGRAMS
        stages = next((s for s in _STAGES if s * step_bytes <= problem.shared_memory), None)
        if stages is not None:
            many = problem.arithmetic() == "ieee" and sums > _IEEE_BULK_ACCUMULATORS
            bulk = problem.bulk_fits() and not many
            ways: tuple[Fetch, ...] = ("l1", "l2", "bulk") if bulk else ("l1", "l2")
            found += [Config(voxels, width, depth, across, w, warps, stages) for w in ways]
    return tuple(sorted(found, key=lambda config: clocks(problem, config)))


def finalists(problem: Problem) -> tuple[Config, ...]:
    """Return the best way of each kind (fetch, across), the one that should be fastest first."""
    best: dict[tuple[Fetch, bool], Config] = {}
    for config in configs(problem):
        best.setdefault((config.fetch, config.across), config)
    return tuple(best.values())


def clocks(problem: Problem, config: Config) -> float:
    """Return about how long a problem takes, in clocks; good for ordering only."""
    size = output_size(problem.geometry, problem.size)
    tiles = cut(problem.geometry, problem.split, config.width, across=config.across)
    boxes = problem.batch * _covered(size, config.box(size)) // config.voxels
    rate = _FLOP_PER_CLOCK[problem.arithmetic()]
    product_clocks = 2 * config.voxels * config.width * config.depth / rate
    fetched = (config.voxels + config.width) * config.depth * problem.itemsize
    step = max(product_clocks, fetched / _BYTES_PER_CLOCK[config.fetch]) + _CLOCKS_PER_STEP
    steps = [len(tile.taps) * ceil(problem.in_channels / config.depth) for tile in tiles]
    # The last programs run alone: a machine that is not full waits for its longest.
    return step * max(boxes * sum(steps) / problem.processors, *steps)


def _covered(size: Size, box: Size) -> int:
    return prod(ceil(side / edge) * edge for side, edge in zip(size, box, strict=True))
