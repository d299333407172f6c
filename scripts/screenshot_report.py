"""Make a report of two raters of the phantom, and the picture of its page.

    python scripts/screenshot_report.py [--out docs/images] [--keep report.html]

The page is drawn by Chromium or Chrome without a window; without one of them nothing is written.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

import napari_acs
from napari_acs.imaging.sample import sample_folder, sample_mask, sample_study
from napari_acs.review.report.gather import gather
from napari_acs.review.report.page import page_of
from napari_acs.review.session.create import create_sessions, make_cases
from napari_acs.review.session.decisions import answer, decide, go_to, write_note
from napari_acs.review.session.editing import MaskEditor
from napari_acs.review.session.form import form_of
from napari_acs.review.session.masks import add_prediction, start_from
from napari_acs.review.session.plan import make_plan
from napari_acs.review.session.session import open_session
from napari_acs.review.session.sources import find_sources

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FORM = form_of(
    {
        "title": "Phantom, first read",
        "fields": [
            {"name": "quality", "type": "choice", "options": ["good", "fair", "poor"],
             "label": "Image quality"},
        ],
    }
)  # fmt: skip
WIDTH, HEIGHT = 1200, 1900


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    parser.add_argument("--keep", type=Path, help="write the page there, too")
    arguments = parser.parse_args()
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        print("No Chromium or Chrome: docs/images/report.png stays as it is.")
        return
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        page.write_text(page_of(gather(_sessions(Path(folder)))), encoding="utf-8")
        if arguments.keep:
            shutil.copy(page, arguments.keep)
        shot = Path(folder) / "report.png"
        subprocess.run(
            [
                browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
                "--no-first-run", "--disable-background-networking", "--disable-component-update",
                "--disable-sync", f"--user-data-dir={folder}/profile", f"--screenshot={shot}",
                "--hide-scrollbars", f"--window-size={WIDTH},{HEIGHT}", page.as_uri(),
            ],
            check=True,
            capture_output=True,
        )  # fmt: skip
        target = arguments.out / "report.png"
        Image.open(shot).convert("RGB").quantize(256, kmeans=3).save(target, optimize=True)
        print(f"{target}: {target.stat().st_size / 1000:.0f} kB")


def _sessions(folder: Path) -> list[Path]:
    """Let two readers correct what the bundled model finds in the phantom."""
    place = folder / "study"
    place.mkdir()
    for file in sample_folder().glob("phantom_*.nii.gz"):
        if "mask" not in file.name:
            shutil.copy(file, place)
    cases = make_cases(find_sources([place]))
    files = {f"rater {n}": folder / f"{n}.review" for n in (1, 2)}
    create_sessions(files, cases, {r: make_plan([c.name for c in cases]) for r in files}, form=FORM)
    study = sample_study()
    found = napari_acs.segment(study, napari_acs.load_bundle("glioma-unet-acs-mobilenetv2"))
    truth = sample_mask().array.astype(np.uint8)
    drawn = [truth, np.where(ndimage.binary_opening(truth > 0, iterations=2), truth, 0)]
    for labels, path in zip(drawn, files.values(), strict=True):
        with open_session(path) as session:
            go_to(session, 1)
            prediction = add_prediction(
                session, 1, found.labels, study.grid, title="model",
                provenance=found.provenance,
            )  # fmt: skip
            MaskEditor(session, start_from(session, prediction.id).id).set_to(labels)
            answer(session, 1, {"quality": "good"})
            write_note(session, 1, "The rim behind the necrosis was missed; drawn in.")
            decide(session, 1, "corrected")
    return list(files.values())


if __name__ == "__main__":
    main()
