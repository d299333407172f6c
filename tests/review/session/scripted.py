"""A process that edits without end, and says after each step what is on the disk.

    python scripted.py SESSION SEED

It prints one line a step that was committed: the number of its event and the CRC of the mask then.
"""

from __future__ import annotations

import sys
import zlib
from pathlib import Path

import numpy as np

from napari_acs.imaging import Grid
from napari_acs.review.session.decisions import write_note
from napari_acs.review.session.editing import MaskEditor
from napari_acs.review.session.masks import start_empty
from napari_acs.review.session.session import Session, open_session


def editor_of(session: Session, grid: Grid) -> MaskEditor:
    masks = session.item(1).masks
    return MaskEditor(session, masks[0] if masks else start_empty(session, 1, grid).id)


def main(path: Path, seed: int, grid: Grid) -> None:
    draw = np.random.default_rng(seed)
    with open_session(path) as session:
        editor = editor_of(session, grid)
        step = 0
        while True:
            step += 1
            kind = draw.integers(6)
            if kind == 0:
                editor.undo()
            elif kind == 1:
                editor.redo()
            elif kind == 2:
                write_note(session, 1, f"step {step}")
            else:
                indices = draw.integers(0, editor.array.size, 300)
                editor.stroke(indices, draw.integers(0, 4, 300))
            # The line is not buffered: what the parent reads was committed before.
            said = f"{session.log.head.seq} {zlib.crc32(editor.array.tobytes())}\n"
            sys.stdout.write(said)
            sys.stdout.flush()


if __name__ == "__main__":
    z, y, x = 20, 24, 22
    GRID = Grid((x, y, z), (1, 1, 1), (0, 0, 0), (1, 0, 0, 0, 1, 0, 0, 0, 1))
    main(Path(sys.argv[1]), int(sys.argv[2]), GRID)
