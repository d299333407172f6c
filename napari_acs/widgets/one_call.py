"""A job that is one call: it ends with what was returned, or with a sentence."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import Cancelled
from napari_acs.inference.messages import Failure
from napari_acs.widgets.request import CANCELLED


@dataclass(frozen=True, eq=False)
class Call:
    """What a worker is to call, with a function that tells whether to stop; ``about`` is kept."""

    work: Callable[[Callable[[], bool]], Any]
    about: Any = None


@dataclass(frozen=True, eq=False)
class Returned:
    """What the call returned."""

    value: Any


def call_job(call: Call, cancelled: Callable[[], bool]) -> Iterator[Returned | Failure]:
    """Yield what the call returned, or why it did not; runs in a worker and never raises.

    What came of a call that was told to stop is dropped: many never ask, and end as if nothing
    had been said.
    """
    try:
        value = call.work(cancelled)
        yield CANCELLED if cancelled() else Returned(value)
    except Cancelled:
        yield CANCELLED
    except BadInput as refusal:
        yield Failure(refusal.sentence(), "", "")
    except Exception as error:
        logging.getLogger(__name__).exception("a tool failed")
        yield Failure(
            what="The tool stopped by a fault in napari-acs",
            why=f"{type(error).__name__}: {error}",
            do="The mask is as it was; please report it with the steps that led here",
            kind="internal",
        )
