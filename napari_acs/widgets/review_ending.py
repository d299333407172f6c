"""What is still saved when the window goes without a word."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from napari_acs.viewer.review_desk import Desk
from napari_acs.widgets.collection import Passing
from napari_acs.widgets.review_thread import end_thread

if TYPE_CHECKING:
    from napari.layers import Labels


@dataclass
class Last:
    """What is still to be saved where the window goes without a word."""

    layer: Labels | None = None


def end_case(
    pool: ThreadPoolExecutor, desk: Desk, last: Last, passing: Passing, *_: object
) -> None:
    """Save what is on screen, and close the session."""
    passing.end()
    layer, last.layer = last.layer, None
    works = [partial(desk.save, layer.data, painted=False)] if layer is not None else []
    end_thread(pool, *works, desk.close)
