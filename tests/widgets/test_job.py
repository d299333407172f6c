"""One job at a time, nothing from an abandoned one, and no job outlives its window."""

from __future__ import annotations

import logging
from threading import Event, Lock
from threading import enumerate as threads
from time import monotonic, sleep

import pytest
from napari.qt.threading import WorkerBase
from qtpy.QtCore import QObject
from widgets.fakes import FakeJob

from napari_acs.imaging.cancel import Cancelled
from napari_acs.inference.messages import Failure, Progress, Result
from napari_acs.inference.stream import stream
from napari_acs.widgets.job import JobRunner
from napari_acs.widgets.one_call import Call, call_job

MS = 20_000


class Stubborn:
    """Never looks at ``cancelled`` until let go, and notices when two jobs overlap."""

    def __init__(self) -> None:
        self.go = Event()
        self.stopped = Event()
        self.started: list[str] = []
        self.overlapped = False
        self._alone = Lock()

    def __call__(self, request, cancelled):
        self.started.append(request)
        self.overlapped |= not self._alone.acquire(blocking=False)
        yield Progress(1, 2, "inference", 0.5)
        self.go.wait(20)
        if cancelled():
            self.stopped.set()
        self._alone.release()
        yield Result(request)  # whatever the request was: the runner must not look inside


@pytest.fixture
def job():
    job = Stubborn()
    yield job
    job.go.set()


@pytest.fixture
def heard(qtbot):
    return []


@pytest.fixture
def runner(job, heard, qapp):
    runner = JobRunner(job)
    runner.ended.connect(lambda request, outcome: heard.append((request, outcome)))
    return runner


def test_a_second_start_is_refused_while_one_runs(runner, job, heard, qtbot):
    assert runner.start("first")
    assert not runner.start("second")
    job.go.set()
    qtbot.waitUntil(lambda: len(heard) == 1, timeout=MS)
    assert job.started == ["first"]
    assert heard == [("first", Result("first"))]
    assert runner.request is None


def test_nothing_is_heard_of_an_abandoned_job_and_the_next_waits_for_it(runner, job, heard, qtbot):
    progress = []
    runner.progressed.connect(progress.append)
    runner.start("stale")
    qtbot.waitUntil(lambda: len(progress) == 1, timeout=MS)
    runner.abandon()
    assert runner.start("fresh")
    qtbot.wait(100)
    assert job.started == ["stale"], "two jobs compute at once"
    job.go.set()
    qtbot.waitUntil(lambda: len(heard) == 1, timeout=MS)
    qtbot.wait(100)
    assert [request for request, _ in heard] == ["fresh"]
    assert len(progress) == 2, "progress of the stale job was shown"
    assert job.stopped.is_set()
    assert not job.overlapped


def test_napari_stopping_an_abandoned_job_does_not_end_the_one_after_it(runner, job, heard, qtbot):
    runner.start("stale")
    qtbot.waitUntil(lambda: job.started == ["stale"], timeout=MS)
    (stale,) = WorkerBase._worker_set
    runner.abandon()
    assert runner.start("fresh")
    stale.quit()
    job.go.set()
    qtbot.waitUntil(lambda: len(heard) == 1, timeout=MS)
    assert heard == [("fresh", Result("fresh"))]


def test_a_job_that_raises_is_in_the_log_with_its_traceback(heard, qtbot, caplog):
    def broken(request, cancelled):
        yield Progress(1, 2, "inference", 0.5)
        raise RuntimeError("odd")  # superqt takes one for a worker that is gone

    runner = JobRunner(broken)
    with caplog.at_level(logging.ERROR), qtbot.waitSignal(runner.ended, timeout=MS):
        runner.start("any")
    (record,) = [record for record in caplog.records if record.exc_info]
    assert "in broken" in record.exc_text


def test_a_job_stops_when_its_window_is_gone(job, qtbot):
    window = QObject()
    runner = JobRunner(job, window)
    runner.start("orphan")
    qtbot.waitUntil(lambda: job.started == ["orphan"], timeout=MS)
    window.deleteLater()
    with qtbot.waitSignal(window.destroyed, timeout=MS):
        pass
    job.go.set()
    qtbot.waitUntil(job.stopped.is_set, timeout=MS)


@pytest.mark.parametrize(
    ("messages", "why"),
    [((), "without a result"), ((Progress(1, 2, "inference", 0.5), ValueError("odd")), "odd")],
)
def test_a_job_that_breaks_its_promise_is_a_fault_of_ours(heard, qtbot, messages, why):
    def broken(request, cancelled):
        for message in messages:
            if isinstance(message, Exception):
                raise message
            yield message

    runner = JobRunner(broken)
    runner.ended.connect(lambda _, outcome: heard.append(outcome))
    runner.start("any")
    qtbot.waitUntil(lambda: len(heard) == 1, timeout=MS)
    assert isinstance(heard[0], Failure)
    assert heard[0].kind == "internal"
    assert why in heard[0].sentence()
    assert runner.start("again"), "the runner stays stuck"
    qtbot.waitUntil(lambda: len(heard) == 2, timeout=MS)


def working() -> list[str]:
    return [thread.name for thread in threads() if thread.name == "napari-acs work"]


def streaming(request, cancelled):
    """A job whose work is in a thread of its own, and does not end unless it is told to."""

    def work(tell, stop):
        tell(0.1)
        until = monotonic() + 20
        while not stop() and monotonic() < until:
            sleep(0.005)
        raise Cancelled

    try:
        for part in stream(work, cancelled):
            yield Progress(0, 1, "brain", part)
    except Cancelled:
        yield Failure("Cancelled", "", "", "cancelled")


def test_a_job_that_napari_stops_ends_its_thread_and_lets_the_next_one_run(qtbot):
    runner = JobRunner(FakeJob())
    with qtbot.waitSignal(runner.progressed, timeout=MS):
        runner.start("first", streaming)
    with qtbot.waitSignal(runner.ended, timeout=MS) as ended:
        for worker in list(WorkerBase._worker_set):
            worker.quit()
    assert ended.args[1].kind == "cancelled"
    qtbot.waitUntil(lambda: working() == [], timeout=MS)

    def short(request, cancelled):
        yield Failure("Short", "", "")

    with qtbot.waitSignal(runner.ended, timeout=MS) as ended:
        assert runner.start("second", short)
    assert ended.args[1].what == "Short"


def test_a_runner_that_goes_ends_the_thread_of_its_job(qtbot):
    runner = JobRunner(FakeJob())
    with qtbot.waitSignal(runner.progressed, timeout=MS):
        runner.start("first", streaming)
    assert working()
    runner.deleteLater()
    qtbot.waitUntil(lambda: working() == [], timeout=MS)


def test_what_a_call_brings_that_was_told_to_stop_is_dropped():
    """Most calls never ask; napari's own button stops them, too."""
    (outcome,) = call_job(Call(lambda _: 1), lambda: True)
    assert outcome.kind == "cancelled"
    (outcome,) = call_job(Call(lambda _: 1), lambda: False)
    assert outcome.value == 1
