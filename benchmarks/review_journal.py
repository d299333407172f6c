"""The review session's journal: one stroke to the disk, and reopening after thousands.

    OMP_NUM_THREADS=1 python benchmarks/review_journal.py [--folder DIR] [--strokes 2000]

A brush of 20 000 voxels paints over a mask of 240 x 240 x 155, that of a real case where the shared
data are there. Beside our commit stands what the disk itself takes: the same bytes appended to a
plain file and synced; and the journal with ``synchronous = NORMAL``, which does not wait for the
disk.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np

from napari_acs.imaging import Grid, read_labels
from napari_acs.review.session.create import create_sessions
from napari_acs.review.session.editing import MaskEditor
from napari_acs.review.session.masks import add_prediction, start_from
from napari_acs.review.session.plan import make_plan
from napari_acs.review.session.session import open_session
from napari_acs.review.session.state import Case
from napari_acs.review.session.verify import verify
from napari_acs.review.session.voxels import delta_to, encode_delta

DATA = Path(os.environ.get("NAPARI_ACS_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
CASE = DATA / "brats2021" / "BraTS2021_01479" / "BraTS2021_01479_seg.nii.gz"
SHAPE = (155, 240, 240)
VOXELS = 20_000


def tumour() -> np.ndarray:
    if CASE.is_file():
        return np.minimum(read_labels(CASE).array, 3)
    z, y, x = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    far = np.sqrt((z - 80) ** 2 + (y - 110) ** 2 + (x - 100) ** 2)
    return np.select([far < 15, far < 22, far < 35], [1, 3, 2], 0).astype(np.uint8)


def brush(draw: np.random.Generator) -> np.ndarray:
    """Return the flat indices of a ball somewhere in the brain, of exactly VOXELS voxels."""
    z, y, x = draw.integers((50, 70, 70), (105, 170, 170))
    around = np.indices((41, 41, 41)).reshape(3, -1).T - 20
    nearest = around[np.argsort((around**2).sum(axis=1), kind="stable")[:VOXELS]]
    return np.ravel_multi_index((nearest + np.array([z, y, x])).T, SHAPE)


def milliseconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return (perf_counter() - start) * 1000


def spread(times: list[float]) -> str:
    cut = statistics.quantiles(times, n=20, method="inclusive") if len(times) > 1 else times
    return f"{statistics.median(times):.1f} | {cut[-1]:.1f} | {max(times):.1f}"


def session_in(folder: Path) -> Path:
    path = folder / "bench.review"
    case = Case("case", "", "", str(folder))
    create_sessions({"bench": path}, [case], {"bench": make_plan(["case"])})
    return path


def strokes(path: Path, count: int, synchronous: str) -> tuple[list[float], int, np.ndarray]:
    draw = np.random.default_rng(0)
    grid = Grid(SHAPE[::-1], (1, 1, 1), (0, 0, 0), (1, 0, 0, 0, 1, 0, 0, 0, 1))
    times = []
    with open_session(path) as session:
        session.log.connection.execute(f"PRAGMA synchronous = {synchronous}")
        prediction = add_prediction(session, 1, tumour(), grid, title="model")
        editor = MaskEditor(session, start_from(session, prediction.id).id)
        for number in range(count):
            indices, label = brush(draw), number % 4
            times.append(milliseconds(lambda: editor.stroke(indices, label)))  # noqa: B023
        return times, editor.id, editor.array.copy()


def plain_appends(folder: Path, count: int) -> list[float]:
    draw, array, times = np.random.default_rng(0), tumour().copy(), []
    with (folder / "plain").open("wb") as file:
        for number in range(count):
            delta = delta_to(array, brush(draw), number % 4)
            array.reshape(-1)[delta.indices] = delta.new
            content = encode_delta(delta)

            def append(content: bytes = content) -> None:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())

            times.append(milliseconds(append))
    return times


def reopened(path: Path, mask: int, expected: np.ndarray) -> float:
    start = perf_counter()
    with open_session(path) as session:
        editor = MaskEditor(session, mask)
        taken = (perf_counter() - start) * 1000
        assert (editor.array == expected).all()
    return taken


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--folder", type=Path, help="on the disk to measure")
    options.add_argument("--strokes", type=int, default=2000)
    asked = options.parse_args()
    lines = ["| what | median ms | 95 % ms | highest ms |", "| --- | --- | --- | --- |"]
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        folder = Path(name)
        path = session_in(folder)
        times, mask, array = strokes(path, asked.strokes, "FULL")
        lines.append(f"| a stroke of {VOXELS} voxels, on the disk (FULL) | {spread(times)} |")
        size = path.stat().st_size / 1e6
        again = [reopened(path, mask, array) for _ in range(10)]
        lines.append(f"| reopening after {asked.strokes} strokes | {spread(again)} |")
        checked = milliseconds(lambda: verify(path))
        lines.append(f"| verifying all of it | {checked:.0f} | | |")
        path.unlink()
        few = min(asked.strokes, 300)
        times, _, _ = strokes(session_in(folder), few, "NORMAL")
        lines.append(f"| the same stroke without waiting for the disk (NORMAL) | {spread(times)} |")
        lines.append(f"| its bytes appended to a plain file and synced | "
                     f"{spread(plain_appends(folder, few))} |")  # fmt: skip
    lines += ["", f"The file: {size:.1f} MB, {size * 1000 / asked.strokes:.1f} kB a stroke."]
    print("\n".join(lines))


if __name__ == "__main__":
    main()
