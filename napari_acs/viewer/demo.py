"""The demo: the sample study in napari, segmented through the real panel."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging import read_labels
from napari_acs.viewer.masks import mask_of, write_mask
from napari_acs.viewer.sample import true_mask_path
from napari_acs.viewer.virtual_screen import screen

if TYPE_CHECKING:
    from napari.viewer import Viewer
    from numpy.typing import NDArray

PLUGIN = "napari-acs"
WINDOW = (1480, 920)
_REGIONS = {"WT": (1, 2, 3, 4), "TC": (1, 3, 4), "ET": (3, 4)}


@dataclass(frozen=True)
class DemoOutcome:
    """What a demo made.

    Attributes
    ----------
    screenshot, mask : Path or None
        Files that were written.
    dice : mapping of str to float
        Region (WT, TC, ET) to Dice against the sample's true mask; empty without a result.
    seconds : float
        From the click on Segment to the result on screen.
    """

    screenshot: Path | None = None
    mask: Path | None = None
    dice: Mapping[str, float] | None = None
    seconds: float = 0.0

    def __str__(self) -> str:
        """Return one line a fact."""
        lines = [f"screenshot: {self.screenshot}"] if self.screenshot else []
        lines += [f"mask: {self.mask}"] if self.mask else []
        if self.dice:
            scores = ", ".join(f"{name} {value:.3f}" for name, value in self.dice.items())
            lines.append(f"Dice against the sample's true mask: {scores} ({self.seconds:.1f} s)")
        return "\n".join(lines)


def run(headless: bool = False, out: Path | None = None) -> DemoOutcome:
    """Open napari with the sample and the panel, and segment.

    Parameters
    ----------
    headless : bool
        Write ``screenshot.png`` and ``mask.nii.gz`` into ``out`` and close; without a display,
        on a virtual one. Otherwise the window stays open for the user.
    out : Path, optional
        Folder for the files; made where missing. Files of an earlier demo are replaced.

    Raises
    ------
    BadInput
        The segmentation was refused, or there is no display.
    """
    import napari  # noqa: PLC0415 (slow)

    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    with screen() if headless else nullcontext():
        viewer = napari.Viewer(title="napari-acs demo")
        demo = _Demo(viewer, out, close=headless)
        napari.run()
    if demo.refusal is not None:
        raise demo.refusal
    return demo.outcome


class _Demo:
    """Waits for the panel, clicks Segment, and keeps the outcome."""

    def __init__(self, viewer: Viewer, out: Path | None, *, close: bool) -> None:
        self.viewer = viewer
        self.out = out
        self.close = close
        self.outcome = DemoOutcome()
        self.refusal: BadInput | None = None
        self._began = 0.0
        viewer.open_sample(PLUGIN, "phantom")
        viewer.window.resize(*WINDOW)
        _, self.panel = viewer.window.add_plugin_dock_widget(PLUGIN, "Segment")
        self.panel.ready.connect(self.segment)
        self.panel.finished.connect(self.finish)

    def segment(self) -> None:
        self._began = monotonic()
        self.panel.segment()
        if not self.panel.busy:  # refused at once; the panel says why
            self._give_up(self.panel.said)

    def finish(self, message: Any) -> None:
        if not hasattr(message, "segmentation"):
            self._give_up(message.sentence())
            return
        seconds = monotonic() - self._began
        self.panel.finished.disconnect(self.finish)  # what the user does next is not the demo
        labels = message.segmentation.labels
        dice = dice_scores(labels, read_labels(true_mask_path()).array)
        self.outcome = DemoOutcome(dice=dice, seconds=seconds)
        if self.out is not None:
            layer = self.viewer.layers.selection.active
            mask = write_mask(self.out / "mask.nii.gz", mask_of(layer, ()), "1/2/4", overwrite=True)
            picture = self.out / "screenshot.png"
            self.viewer.screenshot(str(picture), canvas_only=False, flash=False)
            self.outcome = DemoOutcome(picture, mask, dice, seconds)
        if self.close:
            self.viewer.close()

    def _give_up(self, sentence: str) -> None:
        if self.close:
            self.refusal = BadInput(sentence)
            self.viewer.close()


def dice_scores(labels: NDArray[Any], truth: NDArray[Any]) -> dict[str, float]:
    """Return the Dice coefficient 2|A n B| / (|A| + |B|) of WT, TC and ET.

    Parameters
    ----------
    labels, truth : ndarray of integer, shape (z, y, x)
        BraTS label maps on one grid; 3 and 4 both mean enhancing tumour. A region that is
        empty in both scores 1.
    """
    scores = {}
    for name, values in _REGIONS.items():
        ours, theirs = np.isin(labels, values), np.isin(truth, values)
        total = np.count_nonzero(ours) + np.count_nonzero(theirs)
        scores[name] = 2 * np.count_nonzero(ours & theirs) / total if total else 1.0
    return scores
