"""A thread of Qt's that imported torch first is not given another Python state.

What is kept for a thread (``threading.local``) is kept in that state, and is lost with it.
"""

import sys
import threading
from types import SimpleNamespace

import pytest
from qtpy.QtCore import QThreadPool

from napari_acs.widgets.job import JobRunner
from napari_acs.widgets.working import in_worker


@pytest.fixture
def one_thread(qapp):
    """Qt's own pool has one thread, a new one."""
    pool = QThreadPool.globalInstance()
    count = pool.maxThreadCount()
    pool.waitForDone()  # which ends all its threads
    pool.setMaxThreadCount(1)
    yield
    pool.setMaxThreadCount(count)


def called(qtbot, work):
    answers = []
    in_worker(work, done=answers.append)
    qtbot.waitUntil(lambda: bool(answers), timeout=10_000)
    return answers[0]


def job(qtbot, work):
    def messages(request, stop):
        yield SimpleNamespace(found=work())

    runner = JobRunner(messages)
    with qtbot.waitSignal(runner.ended, timeout=10_000) as ended:
        runner.start("request")
    return ended.args[1].found


@pytest.mark.parametrize("run", [called, job])
def test_the_thread_that_imports_torch_keeps_its_state(run, qtbot, one_thread, monkeypatch):
    mine = threading.local()
    torch = sys.modules.get("torch") or SimpleNamespace()
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.delitem(sys.modules, "torch")

    def without():
        mine.seen = "without"
        return threading.get_ident()

    def importing():
        before, mine.seen = getattr(mine, "seen", None), "torch"
        monkeypatch.setitem(sys.modules, "torch", torch)
        return threading.get_ident(), before

    def after():
        return threading.get_ident(), getattr(mine, "seen", None)

    thread = run(qtbot, without)
    assert run(qtbot, importing) == (thread, None), "what came before was freed, as ever"
    assert run(qtbot, after) == (thread, "torch")
