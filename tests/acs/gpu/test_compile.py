"""The Triton kernel compiled for real GPUs on a machine that has none.

Triton brings NVIDIA's assembler. What is compiled is what ``launch.py`` would launch, argument by
argument: the configs that the plan would try on the U-Net's large layers. In a process of its own
(``python test_compile.py``), for the reason that test_kernel.py gives.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from napari_acs.acs import ACSConv3d
from napari_acs.acs.gpu.config import Problem, finalists
from napari_acs.acs.gpu.launch import launch_arguments
from napari_acs.acs.gpu.pack import pack
from napari_acs.acs.gpu.tiles import output_size

H100, A100 = (90, 227 * 1024), (80, 163 * 1024)  # compute capability, shared memory of a program
POINTERS = {
    torch.float32: "fp32",
    torch.float16: "fp16",
    torch.bfloat16: "bf16",
    torch.int32: "i32",
    torch.int64: "i64",
}
PRECISIONS = ("tf32", "tf32x3", "ieee")
LAYERS = {  # channels in and out, side of the volume, options
    "64": ((64, 64), 64, {"kernel_size": 3, "padding": 1}),
    "16": ((16, 16), 128, {"kernel_size": 3, "padding": 1}),
    "stem": ((4, 64), 96, {"kernel_size": 7, "padding": 3, "stride": 2}),
    "128, stride 2": ((128, 128), 16, {"kernel_size": 3, "padding": 1, "stride": 2}),
}
OPERATIONS = {
    "wgmma": r"wgmma\.mma_async",
    "mma": r"\bmma\.sync",
    "bulk": r"cp\.async\.bulk\.tensor",
    "copies through L1": r"cp\.async\.ca\.shared",
    "copies past L1": r"cp\.async\.cg\.shared",
}


def plan(name, chip, dtype, precision):
    """Return a layer, the side of its input and the configs that would be tried for it."""
    (cin, cout), side, options = LAYERS[name]
    layer = ACSConv3d(cin, cout, **options)
    problem = Problem(
        layer.geometry,
        layer.split,
        cin,
        1,
        (side,) * 3,
        dtype.itemsize,
        precision,
        bulk=chip == H100,
        shared_memory=chip[1],
    )
    return layer, side, finalists(problem)


def resources(cubin, triton):
    """Return the registers and the bytes of stack (spilled registers) of a thread."""
    tool = Path(triton.__file__).parent / "backends" / "nvidia" / "bin" / "cuobjdump"
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(cubin)
        file.flush()
        command = [tool, "-res-usage", file.name]
        said = subprocess.run(command, capture_output=True, text=True, check=True)
    return [int(n) for n in re.search(r"REG:(\d+) STACK:(\d+)", said.stdout).groups()]


def build(layer, side, config, capability, dtype, precision):
    """Compile the kernel as launched for a layer; return what came out."""
    import triton  # noqa: PLC0415 - not where the tests are collected
    from triton.backends.compiler import GPUTarget  # noqa: PLC0415
    from triton.compiler import ASTSource  # noqa: PLC0415

    from napari_acs.acs.gpu.triton_conv import acs_conv3d_kernel as kernel  # noqa: PLC0415

    packed = pack(layer, dtype, config, "relu", precision)
    size = output_size(layer.geometry, (side,) * 3)
    # Never touched, so never given by the system.
    rows = torch.empty((1, side, side, side, layer.in_channels), dtype=dtype)
    out = torch.empty((1, *size, layer.out_channels), dtype=dtype)
    _, arguments = launch_arguments(rows, packed, out)
    options = {name: arguments.pop(name) for name in ("num_warps", "num_stages")}
    signature, constants, attributes = {}, {}, {}
    for place, (name, parameter) in enumerate(zip(kernel.arg_names, kernel.params, strict=True)):
        value = arguments[name]
        if parameter.is_constexpr or (
            isinstance(value, int) and value == 1
        ):  # triton makes a constant of 1
            signature[name], constants[place,] = "constexpr", value
        elif isinstance(value, int):
            signature[name] = "i32"
            if value % 16 == 0:
                attributes[place,] = [["tt.divisibility", 16]]
        elif isinstance(value, torch.Tensor):
            signature[name] = "*" + POINTERS[value.dtype]
            attributes[place,] = [["tt.divisibility", 16]]
        else:
            block = ",".join(map(str, value.block_shape))
            signature[name] = f"tensordesc<{POINTERS[value.base.dtype]}[{block}]>"
    source = ASTSource(kernel, signature, constants, attributes)
    made = triton.compile(source, target=GPUTarget("cuda", capability, 32), options=options)
    registers, stack = resources(made.asm["cubin"], triton)
    ptx = made.asm["ptx"]
    counts = {name: len(re.findall(pattern, ptx)) for name, pattern in OPERATIONS.items()}
    return counts | {"shared": made.metadata.shared, "registers": registers, "stack": stack}


def compiled(cases):
    """Compile every config of the cases, in a process of its own."""
    ended = subprocess.run(
        [sys.executable, __file__, json.dumps(cases)],
        env={k: v for k, v in os.environ.items() if k != "TRITON_INTERPRET"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


needs_triton = pytest.mark.skipif(
    find_spec("triton") is None, reason="triton is not installed (it has no such wheel)"
)


def check(name, made):
    """Every config: on the matrix unit, fetched as said, in the memory said, without spilling."""
    capability, precision = (90 if "sm_90" in name else 80), name.split(":")[0].split(", ")[-1]
    unit, other = ("wgmma", "mma") if capability == 90 else ("mma", "wgmma")
    if precision == "ieee":
        assert made["wgmma"] + made["mma"] == 0, name
    else:
        assert made[unit] > 0 and made[other] == 0, name
    assert (made["bulk"] > 0) == (made["fetch"] == "bulk"), name
    # Triton 3.6 does not tell the two caches apart, 3.9 does.
    assert made["fetch"] == "bulk" or made["copies through L1"] + made["copies past L1"] > 0, name
    assert 0 < made["shared"] <= (H100 if capability == 90 else A100)[1], name
    assert made["stack"] <= 32, name


@needs_triton
@pytest.mark.parametrize(
    "case",
    [
        ["64", 90, "bfloat16", "tf32"],
        ["64", 80, "float16", "tf32"],
        ["stem", 90, "float32", "tf32x3"],
    ],
    ids=lambda case: " ".join(map(str, case)),
)
def test_kernel_compiles_for_real_gpus(case, record_property):
    made = compiled([case])
    assert len(made) >= 4
    for name, result in made.items():
        record_property(name, result)
        check(name, result)


@needs_triton
@pytest.mark.slow
def test_every_layer_precision_and_gpu_compiles(record_property):
    arithmetic = [("bfloat16", "tf32"), ("float16", "tf32"), *(("float32", p) for p in PRECISIONS)]
    cases = [[name, chip, *how] for name in LAYERS for chip in (90, 80) for how in arithmetic]
    for name, result in compiled(cases).items():
        record_property(name, result)
        check(name, result)


def main(only):
    """Compile everything named, and print what came out as one line of JSON."""
    made = {}
    for layer_name, capability, dtype_name, precision in only:
        chip = H100 if capability == H100[0] else A100
        dtype = getattr(torch, dtype_name)
        layer, side, configs = plan(layer_name, chip, dtype, precision)
        for config in configs:
            key = f"{layer_name}, sm_{chip[0]}, {dtype_name}, {precision}: {config}"
            made[key] = vars(config) | build(layer, side, config, chip[0], dtype, precision)
    print(json.dumps(made))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
