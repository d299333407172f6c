"""A screen where there is none: napari's canvas needs OpenGL, which needs an X server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from napari_acs.errors import BadInput


@contextmanager
def screen(width: int = 1600, height: int = 1000) -> Iterator[None]:
    """Use the display that there is; on Linux without one, start Xvfb and stop it at the end.

    Raises
    ------
    BadInput
        There is no display, and Xvfb is not installed or does not start.
    """
    if sys.platform != "linux" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        yield
        return
    program = shutil.which("Xvfb")
    if program is None:
        raise BadInput("There is no display and no Xvfb", do="Install it: apt-get install -y xvfb")
    reading, writing = os.pipe()
    size = f"{width}x{height}x24"
    command = [program, "-displayfd", str(writing), "-screen", "0", size, "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as answer:
            number = answer.readline().strip()  # ends when the server is up, or gone
        if not number:
            raise BadInput("Xvfb did not start", do="Try: xvfb-run -a napari-acs demo --headless")
        os.environ["DISPLAY"] = f":{number}"
        yield
    finally:
        os.environ.pop("DISPLAY", None)
        server.terminate()
        server.wait()
