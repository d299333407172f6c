"""Two small heads on disk, one on an oblique and flipped grid, and a session about them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from imaging.geometries import ORIENTATIONS, make_grid, save
from review.measure.shapes import ellipsoid, points_of

from napari_acs.imaging import Grid
from napari_acs.review.session.create import create_sessions, make_cases
from napari_acs.review.session.decisions import answer, decide, write_note
from napari_acs.review.session.editing import MaskEditor
from napari_acs.review.session.form import form_of
from napari_acs.review.session.masks import add_prediction, start_from
from napari_acs.review.session.plan import make_plan
from napari_acs.review.session.session import open_session
from napari_acs.review.session.sources import find_sources

HOSTILE = (
    '<script>alert("x")</script>\n<img src=x onerror=alert(1)> & \u202e =HYPERLINK("http://x")'
)
SECRETS = ("DOE", "JANE", "doe", "jane", "Smith", "_1961", " 1961", ".nii", "review_file")
"""Parts of names of people, folders and files that no report may hold. The year has a sign before
it: hashes and fractions hold its digits by chance."""
MODEL = {"id": "glioma-x", "version": "3", "sha256": "ab" * 32}
PROVENANCE = {
    "model": MODEL,
    "device": "CPU",
    "inputs": {"t1ce": {"file": "DOE_JANE_t1ce.nii.gz", "sha256": "00"}},
    "classification": {
        "named": ["methylated"],
        "probabilities": {"methylated": 0.8125, "unmethylated": 0.1875},
        "model": {"id": "mgmt", "version": "1", "file": "/home/DOE_JANE/mgmt"},
    },
}
FORM = form_of(
    {
        "title": "Follow-up <b>",
        "fields": [
            {"name": "quality", "type": "choice", "options": ["good", "<i>poor</i>"]},
            {"name": "longest", "type": "number", "unit": "mm", "label": "Longest & best"},
        ],
    }
)
UPRIGHT = make_grid(spacing=(2.5, 2.0, 4.0), origin=(-75.0, -80.0, -60.0), size=(60, 80, 30))
FLIPPED = next(
    o for o in ORIENTATIONS if np.array_equal(o, np.eye(3)[[1, 2, 0]] * [-1.0, 1.0, -1.0])
)


def _oblique() -> Grid:
    """A grid of another order and sense, tilted, with slices of 5 mm, over the same head."""
    size, spacing = (36, 66, 80), (5.0, 2.4, 2.0)
    grid = make_grid(FLIPPED, spacing, (0, 0, 0), (0.17, 0.05, -0.1), size)
    middle = grid.index_to_point([[(n - 1) / 2 for n in size]])[0]
    return Grid(size, spacing, tuple((-middle).tolist()), grid.direction)


OBLIQUE = _oblique()


@dataclass(frozen=True)
class Head:
    """Labels and images on a grid, drawn by world position: the tumour is on the left."""

    grid: Grid
    labels: np.ndarray
    images: dict[str, np.ndarray]


def head(grid: Grid, grown: float = 1.0) -> Head:
    inside = ellipsoid(grid, (0, 0, 0), (60, 72, 54))
    labels = np.zeros(grid.shape, np.uint8)
    labels[ellipsoid(grid, (30, -12, 6), (20 * grown, 27 * grown, 22 * grown))] = 2
    labels[ellipsoid(grid, (30, -12, 6), (13 * grown, 18 * grown, 15))] = 3
    labels[ellipsoid(grid, (30, -12, 6), (6, 8, 8))] = 1
    labels[ellipsoid(grid, (28, 40, -8), (12, 12, 12))] = 3
    x, y, z = np.moveaxis(points_of(grid), -1, 0)
    texture = 40 * np.cos(np.abs(x) / 6) * np.cos(y / 9) * np.cos(z / 7)
    images = {
        name: np.where(inside, 300 + texture + weight * (labels > 0), 0).astype(np.int16)
        for name, weight in (("t1ce", 150), ("flair", 250))
    }
    return Head(grid, labels, images)


def write(folder: Path, name: str, study: Head) -> None:
    place = folder / name
    place.mkdir(parents=True)
    for sequence, array in study.images.items():
        save(place / f"{name}_{sequence}.nii.gz", array, study.grid)


@dataclass(frozen=True)
class Made:
    """A session of two raters: files, heads in the order of the cases, predictions."""

    files: list[Path]
    heads: list[Head]
    predicted: list[np.ndarray]
    corrected: dict[str, list[np.ndarray]]


def make(folder: Path, raters=("Dr. Jane Smith", "doe"), **plan) -> Made:
    """Two dates of one patient: read by each rater, begun from a prediction, corrected."""
    heads = [head(UPRIGHT), head(OBLIQUE, 1.3)]
    home = folder / "DOE_JANE_1961"
    table = ["study,patient,date"]
    for number, study in enumerate(heads):
        write(home, f"DOE_JANE_{number}", study)
        table.append(f"DOE_JANE_{number},Jane Smith,2021-0{1 + 3 * number}-01")
    (home / "cases.csv").write_text("\n".join(table))
    cases = make_cases(find_sources([home / "cases.csv"]))
    files = {rater: folder / f"review_file{n}.review" for n, rater in enumerate(raters)}
    plans = {rater: make_plan([case.name for case in cases], **plan) for rater in raters}
    create_sessions(files, cases, plans, form=FORM)
    predicted = [_smaller(study) for study in heads]
    corrected: dict[str, list[np.ndarray]] = {rater: [] for rater in raters}
    for turn, (rater, path) in enumerate(files.items()):
        with open_session(path) as session:
            for item, study in enumerate(heads, 1):
                prediction = add_prediction(
                    session, item, predicted[item - 1], study.grid, title="DOE", uncertainty=0.1,
                    provenance=PROVENANCE,
                )  # fmt: skip
                editor = MaskEditor(session, start_from(session, prediction.id).id)
                labels = study.labels.copy()
                labels[ellipsoid(study.grid, (30, 12, 6), (8, 8 + 4 * turn, 8))] = 2
                editor.set_to(labels)
                corrected[rater].append(labels)
                answer(session, item, {"quality": "<i>poor</i>", "longest": 41.5})
                write_note(session, item, HOSTILE)
                decide(session, item, "corrected")
    return Made(list(files.values()), heads, predicted, corrected)


def _smaller(study: Head) -> np.ndarray:
    labels = study.labels.copy()
    labels[points_of(study.grid)[..., 1] > 20] = 0
    return labels
