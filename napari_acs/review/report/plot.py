"""Bland-Altman as a small SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_acs.review.report.markup import Markup, element

if TYPE_CHECKING:
    from napari_acs.review.report.content import Volumes

WIDTH, HEIGHT = 340, 240
LEFT, RIGHT, TOP, BOTTOM = 52, 70, 14, 40
_ROOM = 12


def bland_altman_plot(volumes: Volumes) -> Markup:
    """Draw differences over means, with bias and limits of agreement.

    Every point is a circle with its case as title; the scale is linear, and holds all points and
    lines.
    """
    limits = volumes.limits
    levels = [limits.lower.value, limits.bias.value, limits.upper.value]
    x_low, x_high = _span([*limits.means])
    y_low, y_high = _span([*limits.differences, *levels, 0.0])

    def x(value: float) -> float:
        return round(LEFT + (value - x_low) / (x_high - x_low) * (WIDTH - LEFT - RIGHT), 2)

    def y(value: float) -> float:
        return round(
            HEIGHT - BOTTOM - (value - y_low) / (y_high - y_low) * (HEIGHT - TOP - BOTTOM), 2
        )

    right, floor = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = [_line(LEFT, TOP, LEFT, floor, "#59636e"), _line(LEFT, floor, right, floor, "#59636e")]
    for value in _ticks(x_low, x_high):
        parts += [_line(x(value), floor, x(value), floor + 4, "#59636e")]
        parts += [_text(x(value), floor + 16, f"{value:g}", "middle")]
    for value in _ticks(y_low, y_high):
        parts += [_line(LEFT - 4, y(value), LEFT, y(value), "#59636e")]
        parts += [_text(LEFT - 7, y(value) + 4, f"{value:g}", "end")]
    names = ("-1.96 SD", "bias", "+1.96 SD")
    dashes = ("5 4", None, "5 4")
    for value, name, dash in zip(levels, names, dashes, strict=True):
        parts += [_line(LEFT, y(value), right, y(value), "#0969da", dash)]
        if name == "bias" or abs(y(value) - y(limits.bias.value)) > _ROOM:
            parts += [_text(right + 4, y(value) + 4, name, "start")]
    parts += [_line(LEFT, y(0), right, y(0), "#afb8c1")] if y_low < 0 < y_high else []
    for case, mean, difference in zip(volumes.cases, limits.means, limits.differences, strict=True):
        title = element("title", f"{case}: mean {mean:.2f}, difference {difference:+.2f}")
        parts += [
            element(
                "g", title, element("circle", cx=x(mean), cy=y(difference), r=3.5, fill="#24292f")
            )
        ]
    parts += [_text((LEFT + right) / 2, HEIGHT - 6, "mean of both, ml", "middle")]
    said = f"{volumes.second} less {volumes.first}, {volumes.region}, {limits.unit}"
    return element(
        "figure",
        element(
            "svg", *parts, viewBox=f"0 0 {WIDTH} {HEIGHT}", width=WIDTH, height=HEIGHT, role="img",
            aria_label=f"Bland-Altman: {said}",
        ),
        element("figcaption", said),
    )  # fmt: skip


def _span(values: list[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = 0.08 * (high - low) or max(abs(high), 1.0) * 0.5
    return low - room, high + room


def _ticks(low: float, high: float) -> list[float]:
    """Return up to six round numbers in a range."""
    rough = (high - low) / 4
    power = 10 ** np.floor(np.log10(rough))
    step = float(next(power * s for s in (1, 2, 5, 10) if power * s >= rough))
    first = int(np.ceil(low / step))
    return [round(n * step, 10) + 0.0 for n in range(first, int(np.floor(high / step)) + 1)]


def _line(
    x1: float, y1: float, x2: float, y2: float, colour: str, dash: str | None = None
) -> Markup:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=colour, stroke_dasharray=dash)


def _text(x: float, y: float, said: str, anchor: str) -> Markup:
    return element("text", said, x=x, y=y, text_anchor=anchor)
