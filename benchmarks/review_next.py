"""How long "next" takes in the Review panel, with the case read ahead and without.

A real window (run it through scripts/with-display) on a session of cases of BraTS's size: from the
click to the case that can be edited and to its last image, how long the main thread worked (others
on the machine hardly change that), and how long it was held up at most.

    scripts/with-display python benchmarks/review_next.py [--cases N]
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter, thread_time

import napari
import numpy as np
from qtpy.QtCore import QEventLoop, QTimer

from napari_acs.imaging import Grid, write_labels
from napari_acs.imaging.anonymous import write_anonymous
from napari_acs.imaging.volume import Volume
from napari_acs.viewer.review_files import make_session
from napari_acs.widgets.review_dock import ReviewDock

SHARED_DATA = Path(os.environ.get("NAPARI_ACS_SHARED_DATA", "../shared/data"))
_SEQUENCES = ("t1", "t1ce", "t2", "flair")
_GRID = Grid((240, 240, 155), (1, 1, 1), (0, -239, 0), (1, 0, 0, 0, 1, 0, 0, 0, 1))


def studies(folder: Path, count: int) -> tuple[list[Path], str]:
    """Return places with studies: real ones where they are there, else made up."""
    real = sorted((SHARED_DATA / "brats2021").glob("*"))
    real = [case for case in real if case.is_dir()][:count]
    if len(real) == count:
        return real, "BraTS 2021"
    draw = np.random.default_rng(0)
    for number in range(count):
        place = folder / f"case{number}"
        place.mkdir()
        for sequence in _SEQUENCES:
            array = np.zeros(_GRID.shape, np.float32)
            array[10:140, 30:210, 40:200] = draw.normal(100, 20, (130, 180, 160))
            write_anonymous(place / f"c_{sequence}.nii.gz", Volume(np.rint(array), _GRID))
        labels = np.zeros(_GRID.shape, np.uint8)
        labels[60:90, 80:120, 90:130] = 2
        write_labels(place / "c_seg.nii.gz", labels, _GRID)
    return [folder], "made up, 240x240x155"


def wait(signal, timeout_ms: int = 120_000) -> None:
    loop = QEventLoop()
    signal.connect(loop.quit)
    QTimer.singleShot(timeout_ms, loop.quit)
    loop.exec()
    signal.disconnect(loop.quit)


def idle(condition) -> None:
    while not condition():
        pause(50)


def pause(milliseconds: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


class Heartbeat:
    """The longest time between two rounds of the event loop."""

    def __init__(self, parent) -> None:
        self.longest = 0.0
        self._last = perf_counter()
        self._timer = QTimer(parent)
        self._timer.setInterval(2)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def reset(self) -> None:
        """Begin to measure anew."""
        self.longest, self._last = 0.0, perf_counter()

    def _beat(self) -> None:
        now = perf_counter()
        self.longest, self._last = max(self.longest, now - self._last), now


def steps(dock, heart: Heartbeat, count: int, *, ahead: bool) -> list[tuple[float, ...]]:
    """Step to the end, and return of each: seconds, of work, to the last image, of a hold-up."""
    found, stamps = [], []
    # More than one piece of work may be done before a loop that is told to end does.
    dock.begun.connect(lambda _: stamps.append((perf_counter(), thread_time())))
    for _ in range(count):
        wanted = dock.panel.table.beside(1)
        if ahead:
            idle(lambda wanted=wanted: dock.cases.reader.ahead == wanted)
        else:
            idle(lambda: not dock.cases.reader._alive)
            dock.cases.reader.forget()
        pause(200)
        heart.reset()
        begun, worked = perf_counter(), thread_time()
        stamps.clear()
        dock.step(1)
        wait(dock.complete)
        then, work = stamps[0]
        found.append((then - begun, work - worked, perf_counter() - begun, heart.longest))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=6)
    count = parser.parse_args().cases
    with tempfile.TemporaryDirectory() as where:
        folder = Path(where) / "studies"
        folder.mkdir()
        places, what = studies(folder, count)
        file = make_session(places, "ann", Path(where) / "next.review")
        viewer = napari.Viewer()
        dock = ReviewDock(viewer)
        viewer.window.add_dock_widget(dock, name="Review")
        heart = Heartbeat(dock)
        QTimer.singleShot(0, lambda: dock.open(file))
        wait(dock.complete)
        print(f"{count} cases, {what}: seconds from Next to a case that can be edited\n")
        print("| | median | most | of it work | all images | held up | held up, most |")
        print("|---|---|---|---|---|---|---|")
        # The first round takes the given masks into the session; both that count are after it.
        for title, ahead in (("(first opening)", False), ("without", False), ("read ahead", True)):
            taken, worked, all_in, held = zip(
                *steps(dock, heart, count - 1, ahead=ahead), strict=True
            )
            row = (
                f"{median(taken):.2f} | {max(taken):.2f} | {median(worked):.2f} | "
                f"{median(all_in):.2f} | {median(held):.2f} | {max(held):.2f}"
            )
            print(f"| {title} | {row} |", flush=True)
            dock.open_case(1)
            wait(dock.complete)
        dock.close_session()
        pause(500)
        viewer.close()


if __name__ == "__main__":
    main()
