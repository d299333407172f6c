"""What a job says, as tests take it."""

from __future__ import annotations

from napari_acs.inference import Progress


def last_of(messages):
    """Return how a job ended; all before it must be progress."""
    messages = list(messages)
    assert all(isinstance(m, Progress) for m in messages[:-1])
    assert not isinstance(messages[-1], Progress)
    return messages[-1]
