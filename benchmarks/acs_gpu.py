"""ACS layers on a CUDA GPU: our Triton kernel against cuDNN, and against a full 3D convolution.

    python benchmarks/acs_gpu.py [--repeat N] [--only CHANNELS] [--json OUT]

Needs torch and triton alone, and a GPU; without one it says so and ends. One process, all routes
interleaved, ``channels_last_3d``, 3x3 kernels with padding 1 and equal channels in and out, each
route with bias and ReLU:

* ``planes``: ``ACSConv3d``, three cuDNN convolutions and a concatenation
* ``dense``: one cuDNN convolution with the 3x3x3 kernel that defines the layer
* ``Conv3d``: ``nn.Conv3d`` 3x3x3, what a native 3D network computes (three times the arithmetic)
* ``ours``: one launch of ``napari_acs.acs.gpu``, the fastest of the ways it knows

``fp32`` forbids cuDNN its tf32; ours then multiplies three times in tf32, which is as accurate.
Prints a table; "ratio" is ours / Conv3d within a round, median and range over the rounds; TFLOP/s
counts what ours must compute (9 products a voxel and pair of channels), and the last column is its
part of what a large matrix product reached in the same run.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from math import ceil
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from torch import nn

try:
    from napari_acs.acs import ACSConv3d, dense_kernel
except ModuleNotFoundError:  # a GPU machine may hold this folder and torch, and nothing else
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from napari_acs.acs import ACSConv3d, dense_kernel
from napari_acs.acs.gpu import offer

LAYERS = ((16, 128), (32, 128), (64, 128), (48, 96), (64, 64), (96, 64), (128, 32), (128, 16))
"""Channels, and voxels along each side."""

MODES = {  # dtype, whether cuDNN may use tf32, how our kernel multiplies float32
    "fp32": (torch.float32, False, "tf32x3"),
    "tf32": (torch.float32, True, "tf32"),
    "bf16": (torch.bfloat16, False, "tf32"),
}
PUBLISHED = {  # dense TFLOP/s by the vendor's data sheets; fp32 is that of the ordinary units
    "H100": {"fp32": 67, "tf32": 495, "bf16": 990},
    "H200": {"fp32": 67, "tf32": 495, "bf16": 990},
    "A100": {"fp32": 19.5, "tf32": 156, "bf16": 312},
}
_CACHE = 128 << 20
"""Bytes that the inputs of a layer take together, more than any second-level cache holds."""
_ROUND_MS = 2.0


def milliseconds(run, inputs, times):
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    for i in range(times):
        run(inputs[i % len(inputs)])
    end.record()
    end.synchronize()
    return start.elapsed_time(end) / times


def routes(channels, side, mode, device):
    """Return the routes by name, their inputs, and why ours is missing, if it is."""
    dtype, _, precision = MODES[mode]
    layer = ACSConv3d(channels, channels, 3, padding=1).to(device, dtype).eval()
    solid = nn.Conv3d(channels, channels, 3, padding=1).to(device, dtype).eval()
    for parameter in (*layer.parameters(), *solid.parameters()):
        parameter.requires_grad_(False)
    solid = solid.to(memory_format=torch.channels_last_3d)
    dense = dense_kernel(layer.weight).contiguous(memory_format=torch.channels_last_3d)
    count = min(8, ceil(_CACHE / (channels * side**3 * dtype.itemsize)))
    shape = (1, channels, side, side, side)
    inputs = [
        torch.randn(shape, device=device, dtype=dtype).to(memory_format=torch.channels_last_3d)
        for _ in range(count)
    ]
    found = {
        "planes": lambda x: F.relu_(layer(x)),
        "dense": lambda x: F.relu_(F.conv3d(x, dense, layer.bias, padding=1)),
        "Conv3d": lambda x: F.relu_(solid(x)),
    }
    ours = offer(layer, inputs[0], "relu", precision, tries=6)
    if isinstance(ours, str):
        return found, inputs, ours
    return found | {"ours": ours}, inputs, None


def measure(channels, side, mode, repeat, device):
    """Time all routes of one layer, interleaved; return the record of it."""
    torch.backends.cudnn.allow_tf32 = MODES[mode][1]
    runs, inputs, missing = routes(channels, side, mode, device)
    times = {}
    for name, run in runs.items():  # cuDNN chooses its algorithm in the first call
        milliseconds(run, inputs, 3)
        times[name] = max(1, round(_ROUND_MS / milliseconds(run, inputs, 3)))
    taken = {name: [] for name in runs}
    for _ in range(repeat):
        for name, run in runs.items():
            taken[name].append(milliseconds(run, inputs, times[name]))
    record = {
        "channels": channels,
        "side": side,
        "mode": mode,
        "milliseconds": taken,
        "gflop": {
            "ACS": 2 * 9 * channels**2 * side**3 / 1e9,
            "Conv3d": 54e-9 * channels**2 * side**3,
        },
        "why not ours": missing,
    }
    if "ours" in runs:
        ratios = [a / b for a, b in zip(taken["ours"], taken["Conv3d"], strict=True)]
        record["ours / Conv3d"] = [statistics.median(ratios), min(ratios), max(ratios)]
        record["config"] = vars(runs["ours"].packed.config)
    return record


def reached(mode, device):
    """Return the TFLOP/s of a large matrix product of random numbers."""
    dtype, tf32, _ = MODES[mode]
    side = 8192 if mode != "fp32" else 4096
    torch.backends.cuda.matmul.allow_tf32 = tf32
    a, b = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    milliseconds(lambda x: x @ b, [a], 3)
    return 2 * side**3 / milliseconds(lambda x: x @ b, [a], 10) / 1e9


def row(record, peak):
    """Return a layer's line of the table."""
    medians = {name: statistics.median(t) for name, t in record["milliseconds"].items()}
    cells = [f"{record['channels']} at {record['side']}^3", record["mode"]]
    cells += [f"{medians[name]:.3f}" for name in ("planes", "dense", "Conv3d")]
    if "ours" in medians:
        middle, low, high = record["ours / Conv3d"]
        speed = record["gflop"]["ACS"] / medians["ours"]
        cells += [f"{medians['ours']:.3f}", f"{middle:.2f} ({low:.2f}-{high:.2f})"]
        cells += [f"{speed:.1f}", f"{speed / peak:.0%}"]
    else:
        cells += ["-"] * 4
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--only", type=int, nargs="*", help="channels of the layers to measure")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    if not torch.cuda.is_available():
        print("no CUDA GPU here: nothing was measured")
        return
    device = torch.device("cuda")
    torch.backends.cudnn.benchmark = True
    name = torch.cuda.get_device_name(device)
    record = {
        "machine": f"{name}, torch {torch.__version__}, cuDNN {torch.backends.cudnn.version()}",
        "peak published": next((p for n, p in PUBLISHED.items() if n in name), None),
        "peak reached": {mode: reached(mode, device) for mode in MODES},
        "layers": [],
    }
    print(f"{record['machine']}; a large matrix product reached ", end="")
    print(", ".join(f"{tflops:.0f} TFLOP/s {m}" for m, tflops in record["peak reached"].items()))
    print(
        "\n| layer | mode | planes ms | dense ms | Conv3d ms | ours ms | ratio | TFLOP/s | peak |"
    )
    print("| --- | --- " + "| ---: " * 7 + "|")
    with torch.no_grad():
        for channels, side in LAYERS:
            if args.only and channels not in args.only:
                continue
            for mode in MODES:
                layer = measure(channels, side, mode, args.repeat, device)
                record["layers"].append(layer)
                print(row(layer, record["peak reached"][mode]), flush=True)
                if args.json:  # what was measured stays, whatever comes after
                    args.json.write_text(json.dumps(record, indent=2))
                if layer["why not ours"]:
                    print(f"\nours is missing: {layer['why not ours']}\n")


if __name__ == "__main__":
    main()
