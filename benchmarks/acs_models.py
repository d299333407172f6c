"""Whole U-Nets: our engine against acsconv's operator and ``nn.Conv3d`` in the same network.

python benchmarks/acs_models.py [--sizes 96 128] [--rounds 7] [--json OUT]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from measure import ALLOCATORS, interleaved, machine, peak_extra_mib, peak_tensor_mib, write
from peers import acsconv_layer, conv3d_layer, gflop, with_layers
from torch import Tensor, nn

from napari_acs.acs import optimize
from napari_acs.models.unet import ACSUNet

PEER = "acsconv"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[96])
    parser.add_argument("--encoders", nargs="+", default=["resnet18"])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    print(f"{machine()}\n")
    rows: list[dict[str, object]] = []
    for encoder in args.encoders:
        for size in args.sizes:
            rows += measure(encoder, size, args.rounds)
    write(rows, args.json)


def measure(encoder: str, size: int, rounds: int) -> list[dict[str, object]]:
    torch.manual_seed(0)
    network = ACSUNet(encoder, 4, 3).eval()
    x = torch.randn(1, 4, size, size, size)
    runs = contenders(network, x)
    planes, dense = gflop(network, runs["ACSConv3d modules"])
    sizes = {"acsconv": network, "Conv3d": with_layers(network, conv3d_layer)}
    parameters = {name: sum(p.numel() for p in net.parameters()) for name, net in sizes.items()}
    print(
        f"U-Net {encoder}, 4 channels, {size}^3: {planes:.1f} GFLOP in planes, {dense:.1f} dense; "
        f"{parameters['acsconv'] / 1e6:.2f} M parameters, native 3D "
        f"{parameters['Conv3d'] / 1e6:.2f} M\n"
    )
    tensors = {name: peak_tensor_mib(run) for name, run in runs.items()}
    peaks = {name: peak_extra_mib(run) for name, run in runs.items()}
    base_name = PEER if PEER in runs else "Conv3d"
    timed = {}
    for allocator, context in ALLOCATORS.items():
        with context():
            timed[allocator] = interleaved(runs, rounds)
    print(
        "| contender | default ms | ratio | kept ms | ratio | GFLOP/s | "
        "peak of tensors MiB | ratio | peak resident MiB | ratio |"
    )
    print("| --- |" + " ---: |" * 9)  # ratios are to the first row
    rows = []
    for name in runs:
        row: dict[str, object] = {"encoder": encoder, "size": size, "contender": name}
        cells = []
        for allocator, times in timed.items():
            ms, ratio = times.median_ms(name), times.ratio(name, base_name)
            row[allocator] = {"ms": ms, "ratio": ratio, "seconds": times.seconds[name]}
            cells.append(f"{ms:.0f} | {ratio[0]:.2f} ({ratio[1]:.2f}-{ratio[2]:.2f})")
        work = dense if name == "Conv3d" else planes
        speed = work / timed["kept"].median_ms(name) * 1e3
        row |= {"gflop": work, "gflop_per_s": speed}
        row |= {"peak_tensor_mib": tensors[name], "peak_resident_mib": peaks[name]}
        for memory in (tensors, peaks):
            peak, base = memory[name], memory[base_name]
            cells.append(f"{peak:.0f} | {peak / base:.2f}" if peak and base else "- | -")
        time, memory_cells = " | ".join(cells[:2]), " | ".join(cells[2:])
        print(f"| {name} | {time} | {speed:.0f} | {memory_cells} |", flush=True)
        rows.append(row)
    print()
    return rows


def contenders(network: ACSUNet, x: Tensor) -> dict[str, Callable[[], object]]:
    networks: dict[str, nn.Module] = {}
    if not any(getattr(m, "groups", 1) > 1 for m in network.modules()):
        networks[PEER] = with_layers(network, acsconv_layer)  # it has no grouped layers
    networks["Conv3d"] = with_layers(network, conv3d_layer)
    networks["ACSConv3d modules"] = network
    for dtype in (torch.float32, torch.bfloat16):
        networks[f"engine {str(dtype).removeprefix('torch.')}"] = optimize(network, x, dtype)

    def run(net: nn.Module) -> Callable[[], object]:
        def forward() -> object:
            with torch.inference_mode():
                return net(x)

        return forward

    return {name: run(net) for name, net in networks.items()}


if __name__ == "__main__":
    main()
