"""A program for test_close_while_running: starts a job in a real window, and ends the window.

    close_while_running.py JOB WAY

JOB is ``windows`` (slow, and looks at ``cancelled`` between windows only, as the network does),
``threaded`` (its work is in a thread of its own, as the search for a brain) or ``real``; WAY is
``window`` (it is closed), ``queued`` (and another request waits) or ``quit`` (napari is).
"""

from __future__ import annotations

import sys
from threading import enumerate as threads
from time import sleep

import napari
from napari.layers import Layer
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QCheckBox, QLabel, QPushButton

from napari_acs.imaging.cancel import Cancelled
from napari_acs.inference.messages import Failure, Progress
from napari_acs.inference.stream import stream
from napari_acs.models.spec import GLIOMA_OUTPUT
from napari_acs.models.store import DEFAULT_ID
from napari_acs.viewer.sample import phantom
from napari_acs.widgets.catalogue import Catalogue, ModelChoice
from napari_acs.widgets.dock import SegmentDock
from napari_acs.widgets.request import segment_job

ended: list[str] = []


def windows(request, cancelled):
    for number in range(300):
        if cancelled():
            break
        sleep(0.1)
        yield Progress(number, 300, "inference", number / 300)
    ended.append("windows" if cancelled() else "windows, all of them")
    yield Failure("Cancelled", "", "", "cancelled")


def threaded(request, cancelled):
    def work(tell, stop):
        for number in range(300):
            if stop():
                ended.append("threaded")
                raise Cancelled
            sleep(0.1)
            tell(number / 300)

    try:
        for part in stream(work, cancelled):
            yield Progress(0, 1, "brain", part)
    except Cancelled:
        yield Failure("Cancelled", "", "", "cancelled")


def real(request, cancelled):
    for message in segment_job(request, cancelled):
        if not isinstance(message, Progress):
            ended.append("real" if getattr(message, "kind", "") == "cancelled" else str(message))
        yield message


def main(job: str, way: str) -> None:
    catalogue = Catalogue((ModelChoice(DEFAULT_ID, "M", GLIOMA_OUTPUT),), DEFAULT_ID, ("auto",))
    jobs = {"windows": windows, "threaded": threaded, "real": real}
    viewer = napari.Viewer()
    dock = SegmentDock(viewer, jobs[job], lambda: catalogue, check=lambda *_: ())
    viewer.window.add_dock_widget(dock, name="Segment")
    for described in phantom()[:4]:
        viewer.add_layer(Layer.create(*described))

    def close(progress: Progress) -> None:
        if progress.stage == "load":
            return
        dock.runner.progressed.disconnect(close)
        if way == "queued":
            dock.findChild(QCheckBox, "flips").click()
            dock.findChild(QPushButton, "segment").click()
            assert "1 waiting" in dock.findChild(QLabel, "waiting").text(), dock.said
        if way == "quit":
            QApplication.instance().quit()
        else:
            viewer.close()

    dock.runner.progressed.connect(close)
    segment = dock.findChild(QPushButton, "segment")
    dock.ready.connect(lambda: QTimer.singleShot(0, segment.click))
    napari.run()
    assert ended == [job], ended
    left = [thread.name for thread in threads() if thread.name == "napari-acs work"]
    assert not left, left
    print("ended")


main(*sys.argv[1:])
