"""A stream: progress that only grows, then the outcome; told to stop when nobody listens."""

from __future__ import annotations

import traceback
from threading import Event
from threading import enumerate as threads
from time import monotonic, sleep

import pytest

from napari_acs.imaging.cancel import Cancelled, stop_if
from napari_acs.inference.stream import Outcome, stream


def working() -> list[str]:
    return [thread.name for thread in threads() if thread.name == "napari-acs work"]


def test_progress_then_the_outcome_in_no_more_time_than_the_work_took():
    def work(tell, _stop):
        tell(0.25)
        tell(0.5)
        sleep(0.02)
        return "made"

    start = monotonic()
    *parts, last = stream(work)
    assert monotonic() - start < 0.15, "an ended work is not waited for"
    assert parts == [0.25, 0.5]
    assert isinstance(last, Outcome)
    assert last.value == "made"
    assert working() == []


def test_progress_never_falls():
    def work(tell, _stop):
        for part in (0.2, 0.6, 0.4, 0.8):
            tell(part)

    assert list(stream(work))[:-1] == [0.2, 0.6, 0.6, 0.8]


def test_what_the_work_raises_keeps_its_type_and_the_line_that_raised_it():
    class Odd(Exception):
        pass

    def deep(_tell, _stop):
        raise Odd("here")

    with pytest.raises(Odd, match="here") as raised:
        list(stream(deep))
    assert "in deep" in "".join(traceback.format_exception(raised.value))
    assert working() == []


def test_the_caller_can_stop_the_work():
    wanted = Event()

    def work(tell, stop):
        tell(0.1)
        while True:
            stop_if(stop)
            sleep(0.005)

    steps = stream(work, wanted.is_set)
    assert next(steps) == 0.1
    wanted.set()
    with pytest.raises(Cancelled):
        list(steps)


def test_a_stream_that_is_closed_early_stops_its_work():
    stopped = Event()

    def work(tell, stop):
        tell(0.1)
        until = monotonic() + 10
        while not stop() and monotonic() < until:
            sleep(0.005)
        if monotonic() < until:
            stopped.set()

    steps = stream(work)
    next(steps)
    start = monotonic()
    steps.close()
    assert stopped.is_set()
    assert monotonic() - start < 2
    assert working() == []


def test_long_silence_is_filled_so_that_the_listener_can_look_up():
    go = Event()

    def work(tell, _stop):
        tell(0.3)
        go.wait(5)

    steps = stream(work)
    assert [next(steps), next(steps)] == [0.3, 0.3]
    go.set()
    assert isinstance(list(steps)[-1], Outcome)
