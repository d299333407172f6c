"""Which open layer holds which sequence, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from napari_acs.imaging import SEQUENCES, guess_sequence
from napari_acs.imaging.identify.guess import SequenceGuess
from napari_acs.viewer.info import OVERLAY, guess_in, info_in

if TYPE_CHECKING:
    from napari.layers import Layer


PROPOSED = 0.5
"""What an image looks like is proposed from this confidence on."""


def may_be_sequence(layer: Layer) -> bool:
    """Whether a layer is an image that can be chosen for a sequence: not a map of something."""
    from napari.layers import Image  # noqa: PLC0415 (napari is slow)

    info = info_in(layer.metadata)
    if not isinstance(layer, Image) or OVERLAY in layer.metadata:
        return False
    return info is None or info.role not in {"uncertainty", "overlay"}


def match_sequences(
    layers: Sequence[Layer], pinned: Mapping[str, Layer | None]
) -> dict[str, Layer | None]:
    """Return the layer for each sequence: what the user chose, else the latest that is named so.

    Layers of one study stay together: the study of the latest recognised layer wins, so that a
    second patient's T1 never joins the first one's FLAIR. What napari makes of a volume (a
    projection, the slices of a stack, several images in one) keeps its name, and never takes the
    place of a volume.

    Parameters
    ----------
    layers : sequence of Layer
        Open image layers, oldest first.
    pinned : mapping of str to Layer or None
        What the user chose by hand; kept while the layer is open.
    """
    latest = latest_study(layers)
    named: dict[str, Layer] = {}
    for layer in layers:
        sequence, study = sequence_of(layer)
        if sequence is None or study != latest:
            continue
        if _is_volume(layer) or sequence not in named or not _is_volume(named[sequence]):
            named[sequence] = layer
    open_now = {id(layer) for layer in layers}
    kept = {s: v for s, v in pinned.items() if v is None or id(v) in open_now}
    return {s: kept[s] if s in kept else named.get(s) for s in SEQUENCES}


def _is_volume(layer: Layer) -> bool:
    return layer.ndim == 3 and not getattr(layer, "rgb", False)


def latest_study(layers: Sequence[Layer]) -> str | None:
    """Return the study of the latest layer that is a known sequence, or None."""
    for layer in reversed(layers):
        sequence, study = sequence_of(layer)
        if sequence is not None:
            return study
    return None


def sequence_of(layer: Layer) -> tuple[str | None, str]:
    """Return which sequence a layer holds, and of which study it is.

    The name comes first, so that renaming a layer has its effect; the study's part of it is
    left out (a patient folder may be called ``post_T1_followup``). What the image looks like
    comes last, and only where that is likely enough to be proposed.
    """
    info, guess = info_in(layer.metadata), guess_in(layer.metadata)
    looks = guess.sequence if guess is not None and guess.confidence >= PROPOSED else None
    if info is None:
        return guess_sequence(layer.name) or looks, ""
    if info.role in {"prepared", "uncertainty", "overlay"}:
        return None, info.study
    name = layer.name.replace(f" {info.study}", "") if info.study else layer.name
    return guess_sequence(name) or info.sequence or looks, info.study


def guesses_of(
    chosen: Mapping[str, Layer | None], pinned: Mapping[str, Layer | None]
) -> dict[str, SequenceGuess]:
    """Return how sure each choice is, and why.

    Parameters
    ----------
    chosen : mapping of str to Layer or None
        What the boxes show.
    pinned : mapping of str to Layer or None
        What the user chose by hand.
    """
    guesses = {}
    for sequence, layer in chosen.items():
        if layer is None:
            continue
        info, guess = info_in(layer.metadata), guess_in(layer.metadata)
        if pinned.get(sequence) is layer and (info is None or info.sequence != sequence):
            guesses[sequence] = SequenceGuess(sequence, 1.0, "you chose it", "user")
        elif guess is not None and guess.sequence == sequence:
            guesses[sequence] = guess
        else:
            guesses[sequence] = SequenceGuess(sequence, 0.9, "its name says so", "name")
    return guesses
