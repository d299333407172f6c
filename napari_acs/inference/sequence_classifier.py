"""The bundled network that tells T1, T1ce, T2, FLAIR and other images apart, one by one."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING

from napari_acs.errors import BadInput
from napari_acs.imaging import SEQUENCES, TITLES, Volume
from napari_acs.imaging.identify import Classifier, SequenceGuess

if TYPE_CHECKING:
    from torch import nn

    from napari_acs.models.bundle import ClassifierBundle

SEQUENCE_CLASSIFIER = "sequence-acs-mobilenetv2"
"""Id of the bundled classifier."""

OTHER = "other"
"""The class of an image that is none of a study's sequences."""

MOST = 0.95
"""No guess is surer. Three or four stripped volumes seen together tell more than one, and the
statistics of them may then be surer than this (`identify.statistics`)."""


def sequence_classifier() -> Classifier:
    """Return the classifier for `napari_acs.imaging.identify.identify`; it costs nothing yet.

    The network is loaded when the first volume is looked at, in whichever thread that is (torch
    comes with it: some seconds), and kept.

    Returns
    -------
    callable
        Takes a volume of any orientation and spacing, with a skull or without. Its guess is of
        a sequence, or of None for another kind of image, with a calibrated confidence; where the
        network cannot be used, or the volume cannot be seen, a guess of confidence 0 whose
        reason says why. It never raises ``BadInput``.
    """
    return guess_sequence_of


def guess_sequence_of(volume: Volume) -> SequenceGuess:
    """Guess the sequence of one volume; see `sequence_classifier`."""
    try:
        chances = sequence_chances(volume)
    except BadInput as refusal:
        logging.getLogger(__name__).warning("sequence classifier: %s", refusal.sentence())
        return _note(refusal.what)
    name = max(chances, key=lambda key: chances[key])
    sure = min(chances[name], MOST)
    looks = TITLES.get(name, "none of the four sequences")
    reason = f"the image looks like {'T2 FLAIR' if name == 'flair' else looks}"
    reason += f" (classifier, {sure:.0%})"
    return SequenceGuess(name if name in SEQUENCES else None, sure, reason, "classifier")


def sequence_chances(volume: Volume) -> dict[str, float]:
    """Return the calibrated probability of each sequence, and of `OTHER`.

    Raises
    ------
    BadInput
        The bundle is missing or damaged, or the volume is no image.
    """
    import torch  # noqa: PLC0415 (seconds)

    from napari_acs.inference.classify_input import volume_box  # noqa: PLC0415

    bundle, network = _loaded()
    box = torch.from_numpy(volume_box(volume, bundle.spec.input).array)
    with torch.inference_mode():
        chances = bundle.probabilities(network(box[None]))[0]
    names = (one.name for one in bundle.spec.classes)
    return dict(zip(names, chances.tolist(), strict=True))


@cache
def _loaded() -> tuple[ClassifierBundle, nn.Module]:
    """Load the network once; a refusal is not kept, so that a mended bundle is found."""
    from napari_acs.models.bundle import load_classifier  # noqa: PLC0415 (torch)

    bundle = load_classifier(SEQUENCE_CLASSIFIER)
    return bundle, bundle.network()


def _note(why: str) -> SequenceGuess:
    return SequenceGuess(None, 0.0, f"the sequence classifier could not look: {why}", "classifier")
