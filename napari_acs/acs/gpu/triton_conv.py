# mypy: disable-error-code="no-untyped-def,untyped-decorator,misc"
# ruff: noqa: ANN001, ANN201, ANN202, N803, PLR0915 - device values, constants in capitals, one kernel
"""The Triton kernel: one launch for all three planes of an ACS convolution.

Imports triton: import this module only where :func:`napari_acs.acs.gpu.available.why_no_triton`
says None. An implicit GEMM: a program computes a box of output voxels (rows of the product) by a
tile of output channels (columns), and walks over the tile's taps times the input's channels.
Which taps a tile has is data (see :mod:`napari_acs.acs.gpu.tiles`), so that planes, kernel sizes,
dilations and paddings need no code of their own.
"""

from __future__ import annotations

import triton  # type: ignore[import-untyped,import-not-found,unused-ignore]
import triton.language as tl  # type: ignore[import-untyped,import-not-found,unused-ignore]


@triton.jit
def _activate(x, NAME: tl.constexpr):
    """Return the activation of x; the names are those of ACTIVATIONS in pack.py."""
    if NAME == "relu":
        x = tl.maximum(x, 0.0)
    elif NAME == "relu6":
        x = tl.minimum(tl.maximum(x, 0.0), 6.0)
    elif NAME == "silu":
        x = x / (1.0 + tl.exp(-x))
    elif NAME == "hardswish":
        x = x * tl.minimum(tl.maximum(x + 3.0, 0.0), 6.0) * (1.0 / 6.0)
    elif NAME == "sigmoid":
        x = 1.0 / (1.0 + tl.exp(-x))
    return x


@triton.jit
def acs_conv3d_kernel(
    x,  # (n, z, y, x, cin), dense: a pointer, or a tensor descriptor where bulk
    weight,  # (all tiles' taps, WIDTH, CINP), dense: a pointer, or a descriptor where bulk
    bias,  # (cout,) float32; not read where HAS_BIAS is false
    out,  # (n, zo, yo, xo, cout), dense
    tiles,  # (tiles, 7) int64: first channel, channels, first tap, taps, codes of z, y, x
    taps,  # (all tiles' taps, 3) int32: dz, dy, dx; not read where CODED
    base_z,  # CODED: an axis' displacement is base + step * (two bits of the tile's code)
    base_y,
    base_x,
    step_z,
    step_y,
    step_x,
    Z,
    Y,
    X,
    ZO,
    YO,
    XO,
    boxes_z,
    boxes_y,
    boxes_x,
    n_tiles,
    cin,
    cout,
    k_blocks,  # of BLOCK_K input channels, so that k_blocks * BLOCK_K = CINP >= cin
    STRIDE_Z: tl.constexpr,
    STRIDE_Y: tl.constexpr,
    STRIDE_X: tl.constexpr,
    BOX_Z: tl.constexpr,
    BOX_Y: tl.constexpr,
    BOX_X: tl.constexpr,
    WIDTH: tl.constexpr,
    BLOCK_K: tl.constexpr,
    EVEN_K: tl.constexpr,  # whether BLOCK_K divides cin
    EVEN_TILES: tl.constexpr,  # whether every tile is full and tile i begins at channel i * WIDTH
    HAS_BIAS: tl.constexpr,
    ACTIVATION: tl.constexpr,
    PRECISION: tl.constexpr,
    CODED: tl.constexpr,
    FETCH: tl.constexpr,  # "l1", "l2" or "bulk"; see Config
):
    """Compute one box of output voxels by one tile of output channels."""
    # Tiles of one box follow each other, so that what they share is still in the cache.
    program = tl.program_id(0)
    tile = program % n_tiles
    box = program // n_tiles
    bx = box % boxes_x
    box = box // boxes_x
    by = box % boxes_y
    box = box // boxes_y
    bz = box % boxes_z
    n = box // boxes_z

    m = tl.arange(0, BOX_Z * BOX_Y * BOX_X)
    k = tl.arange(0, BLOCK_K)
    c = tl.arange(0, WIDTH)
    oz = bz * BOX_Z + m // (BOX_Y * BOX_X)
    oy = by * BOX_Y + (m // BOX_X) % BOX_Y
    ox = bx * BOX_X + m % BOX_X
    iz = oz * STRIDE_Z
    iy = oy * STRIDE_Y
    ix = ox * STRIDE_X
    # Voxel numbers fit 32 bits per axis; a volume's element numbers do not.
    voxel = ((n.to(tl.int64) * Z + iz) * Y + iy) * X + ix

    entry = tiles + tile * 7
    tap_first = tl.load(entry + 2).to(tl.int32)
    tap_count = tl.load(entry + 3).to(tl.int32)
    code_z = tl.load(entry + 4)
    code_y = tl.load(entry + 5)
    code_x = tl.load(entry + 6)
    acc = tl.zeros((BOX_Z * BOX_Y * BOX_X, WIDTH), dtype=tl.float32)
    for step in range(0, tap_count * k_blocks):
        local = step // k_blocks
        tap = tap_first + local
        k0 = (step % k_blocks) * BLOCK_K
        if CODED:  # a load here would take half of the pipeline's stages
            dz = base_z + step_z * ((code_z >> (2 * local)) & 3).to(tl.int32)
            dy = base_y + step_y * ((code_y >> (2 * local)) & 3).to(tl.int32)
            dx = base_x + step_x * ((code_x >> (2 * local)) & 3).to(tl.int32)
        else:
            dz = tl.load(taps + tap * 3)
            dy = tl.load(taps + tap * 3 + 1)
            dx = tl.load(taps + tap * 3 + 2)
        if FETCH == "bulk":  # what lies outside arrives as zeros
            a = x.load([n, bz * BOX_Z + dz, by * BOX_Y + dy, bx * BOX_X + dx, k0])
            a = a.reshape(BOX_Z * BOX_Y * BOX_X, BLOCK_K)
            b = weight.load([tap * WIDTH, k0])
        else:
            z = iz + dz
            y = iy + dy
            w = ix + dx
            inside = (z >= 0) & (z < Z) & (y >= 0) & (y < Y) & (w >= 0) & (w < X)
            moved = voxel + ((dz.to(tl.int64) * Y + dy) * X + dx)
            pointers = x + moved[:, None] * cin + (k0 + k)[None, :]
            real = inside[:, None]
            if not EVEN_K:
                real = real & (k0 + k < cin)[None, :]
            if FETCH == "l1":
                a = tl.load(pointers, mask=real, other=0.0, cache_modifier=".ca")
            else:
                a = tl.load(pointers, mask=real, other=0.0, cache_modifier=".cg")
            rows = (tap.to(tl.int64) * WIDTH + c) * (k_blocks * BLOCK_K)
            b = tl.load(weight + rows[:, None] + (k0 + k)[None, :])
        acc = tl.dot(a, tl.trans(b), acc, input_precision=PRECISION)

    if EVEN_TILES:
        channel = tile * WIDTH + c
        wanted = c < WIDTH
    else:
        channel = tl.load(entry).to(tl.int32) + c
        wanted = c < tl.load(entry + 1).to(tl.int32)
    if HAS_BIAS:
        acc += tl.load(bias + channel, mask=wanted, other=0.0)[None, :]
    acc = _activate(acc, ACTIVATION)
    there = (oz < ZO) & (oy < YO) & (ox < XO)
    target = ((n.to(tl.int64) * ZO + oz) * YO + oy) * XO + ox
    pointers = out + target[:, None] * cout + channel[None, :]
    tl.store(pointers, acc.to(out.dtype.element_ty), mask=there[:, None] & wanted[None, :])
