"""One thread at a time in ITK's readers and writers of files.

Two that make or ask a reader at once corrupt the heap now and then (SimpleITK 2.5: "unaligned
tcache chunk", one process in forty whose first reads were in several threads), and the process
ends. What ITK computes once the voxels are there may run in several threads.
"""

from __future__ import annotations

import threading

ONE_AT_A_TIME = threading.RLock()
"""Held while a reader or a writer is made, asked or executed."""
