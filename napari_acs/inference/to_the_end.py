"""A job of messages as one call: its result, or what it failed by as an exception."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from napari_acs.errors import BadInput
from napari_acs.inference.messages import Failure, Progress

Ended = TypeVar("Ended")


class JobError(RuntimeError):
    """A job that ended without a result though its input was accepted.

    Attributes
    ----------
    failure : Failure
    """

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure.sentence())


def to_the_end(
    messages: Iterable[Ended | Progress | Failure],
    fault: type[JobError],
    progress: Callable[[Progress], None] | None,
) -> Ended:
    """Go through a job's messages and return the one that is its result.

    Parameters
    ----------
    messages : iterable
        ``Progress``, then exactly one result or ``Failure``.
    fault : type
        What is raised where the input was not at fault.
    progress : callable, optional
        Called with every ``Progress``. Whatever it raises ends the job and reaches the caller.

    Raises
    ------
    BadInput
        The input or the device does not do, or the free memory.
    JobError
        Of the type ``fault``.
    """
    for message in messages:
        if isinstance(message, Progress):
            if progress is not None:
                progress(message)
        elif isinstance(message, Failure):
            if message.kind == "input":
                raise BadInput(
                    f"{message.what}. {message.why}" if message.why else message.what, do=message.do
                )
            raise fault(message)
        else:
            return message
    raise AssertionError("a job ended without a result or a failure")
