"""Coefficients of the rule, as ``benchmarks/identify.py --fit`` printed them."""

from __future__ import annotations

from napari_acs.imaging.identify.rule import Rule

RULE = Rule(
    mean=(-0.982, 0.732, 1.393, 0.005, -0.355, 0.082),
    spread=(0.24, 0.185, 0.375, 0.147, 0.437, 0.123),
    weights=(
        (0.42, 0.27, 0.47, -1.16),
        (-0.74, -1.65, 1.44, 0.95),
        (-2.04, 0.97, 0.5, 0.56),
        (-0.64, -0.27, 0.87, 0.03),
        (-0.42, 0.46, -0.34, 0.3),
        (-0.14, 1.25, -0.82, -0.28),
        (-0.8, 0.36, -0.41, 0.85),
    ),
    pairs=((0.64, 0.18), (-0.35, 0.28), (0.22, 0.2), (-0.3, 0.26), (0.11, 0.21), (0.31, 0.21)),
)
