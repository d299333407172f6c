"""Single layers: ours against acsconv's operator and ``nn.Conv3d``, forward and backward.

As they stand in a network: each gets its input, and leaves its output, in its own memory order
(acsconv and ``Conv3d`` contiguous, as PyTorch makes tensors; ours channels last) and number format.
A forward is timed over five calls in a row, as layers follow one another; the engine keeps the heap
meanwhile, as it does while a network runs, and gives it back after the fifth.

python benchmarks/acs_layers.py [--rounds 9] [--json OUT]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from measure import ALLOCATORS, Times, interleaved, machine, peak_tensor_mib, write
from peers import acsconv_layer, conv3d_layer, gflop
from torch import Tensor, nn

from napari_acs.acs import ACSConv3d, optimize
from napari_acs.acs.engine.heap import kept_heap

PEER = "acsconv"
IN_A_ROW = 5


@dataclass(frozen=True)
class Case:
    """A layer and the side of the cube that it is given."""

    name: str
    inputs: int
    outputs: int
    kernel: int
    stride: int
    side: int


CASES = [
    Case("first layer, 7x7 stride 2", 4, 64, 7, 2, 96),
    Case("wide, shallow", 32, 16, 3, 1, 96),
    Case("middle", 64, 64, 3, 1, 24),
    Case("middle", 128, 128, 3, 1, 12),
    Case("deep", 256, 256, 3, 1, 6),
    Case("deep", 512, 512, 3, 1, 3),
    Case("stride 2", 64, 128, 3, 2, 24),
    Case("stride 2", 128, 256, 3, 2, 12),
    Case("stride 2, odd size", 64, 128, 3, 2, 25),
    Case("stride 2, odd size", 128, 256, 3, 2, 13),
    Case("stride 2", 64, 128, 3, 2, 48),
    Case("stride 2, odd size", 64, 128, 3, 2, 49),
    Case("1x1", 64, 64, 1, 1, 48),
    Case("1x1", 256, 64, 1, 1, 24),
    Case("1x1 stride 2", 64, 128, 1, 2, 24),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    print(f"{machine()}\n")
    rows = []
    for allocator in ALLOCATORS:
        print(f"Allocator: {allocator}. Times in ms; in brackets the ratio to {PEER}, quartiles.\n")
        print(
            "| layer | GFLOP (dense) | acsconv | Conv3d | ACSConv3d | engine fp32 | engine bf16 | "
            "GFLOP/s fp32 | peak MiB acsconv, fp32, bf16 | backward: acsconv | Conv3d | ACSConv3d |"
        )
        print("| --- |" + " ---: |" * 11)
        for case in CASES:
            rows.append(measure(case, allocator, args.rounds))
        print()
    write(rows, args.json)


def measure(case: Case, allocator: str, rounds: int) -> dict[str, object]:
    torch.manual_seed(0)
    layer = ACSConv3d(case.inputs, case.outputs, case.kernel, case.stride, case.kernel // 2)
    x = torch.randn(1, case.inputs, *[case.side] * 3)
    networks = {PEER: acsconv_layer(layer), "Conv3d": conv3d_layer(layer), "ACSConv3d": layer}
    last = x.contiguous(memory_format=torch.channels_last_3d)
    inputs = {PEER: x, "Conv3d": x, "ACSConv3d": last}
    trained = {name: backward(net, inputs[name]) for name, net in networks.items()}
    for dtype in (torch.float32, torch.bfloat16):
        name = f"engine {str(dtype).removeprefix('torch.')}"
        networks[name], inputs[name] = optimize(layer, x, dtype).network, last.to(dtype)
    once = {name: forward(net, inputs[name]) for name, net in networks.items()}
    planes, dense = gflop(layer, once["ACSConv3d"])
    peaks = {name: peak_tensor_mib(run) for name, run in once.items()}
    runs = {name: in_a_row(run, keeping=name.startswith("engine")) for name, run in once.items()}
    with ALLOCATORS[allocator]():
        total, back = interleaved(runs, rounds), interleaved(trained, rounds)
    times = Times({name: [s / IN_A_ROW for s in total.seconds[name]] for name in total.seconds})
    cells = []
    for times_of in (times, back):
        for name in times_of.seconds:
            ms, ratio = times_of.median_ms(name), times_of.ratio(name, PEER)
            spread = "" if name == PEER else f" ({ratio[0]:.2f}, {ratio[1]:.2f}-{ratio[2]:.2f})"
            cells.append(f"{ms:.2f}{spread}")
    fast = planes / times.median_ms("engine float32") * 1e3
    shown = (peaks[name] for name in (PEER, "engine float32", "engine bfloat16"))
    memory = ", ".join(f"{peak:.1f}" for peak in shown)
    title = f"{case.name}: {case.inputs}->{case.outputs}, {case.side}^3"
    first, last = " | ".join(cells[:5]), " | ".join(cells[5:])
    work = f"{planes:.2f} ({dense:.2f})"
    print(f"| {title} | {work} | {first} | {fast:.0f} | {memory} | {last} |", flush=True)
    return {
        "layer": title,
        "allocator": allocator,
        "gflop": planes,
        "gflop_dense": dense,
        "parameters": {n: sum(p.numel() for p in net.parameters()) for n, net in networks.items()},
        "peak_mib": peaks,
        "forward_seconds": times.seconds,
        "backward_seconds": back.seconds,
        "ratio": {name: times.ratio(name, PEER) for name in times.seconds},
    }


def forward(net: nn.Module, x: Tensor) -> Callable[[], object]:
    def run() -> object:
        with torch.inference_mode():
            return net(x)

    return run


def in_a_row(run: Callable[[], object], *, keeping: bool) -> Callable[[], object]:
    """Return a function that runs several times; in a kept heap where that is asked for."""

    def several() -> None:
        with kept_heap() if keeping else nullcontext():
            for _ in range(IN_A_ROW):
                run()

    return several


def backward(net: nn.Module, x: Tensor) -> Callable[[], object]:
    """Return a training step without the optimiser's: forward, and gradients of all."""
    image = x.clone().requires_grad_()

    def run() -> object:
        y = net(image)
        return torch.autograd.grad(y, [image, *net.parameters()], torch.ones_like(y))

    return run


if __name__ == "__main__":
    main()
