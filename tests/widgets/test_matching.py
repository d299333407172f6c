"""Sequences are found by layer name, and patients never mix."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from napari.layers import Image, Labels
from widgets.fakes import GRID

from napari_acs.viewer.info import LayerInfo
from napari_acs.widgets.mask_view import is_tumour_mask
from napari_acs.widgets.matching import match_sequences, sequence_of


def layer(name: str, study: str = "", sequence: str | None = None) -> Image:
    info = {"napari_acs": LayerInfo(GRID, None, study, sequence)} if study else {}
    return Image(np.zeros((2, 2, 2)), name=name, metadata=info)


def names(layers, pinned=None):
    found = match_sequences(layers, pinned or {})
    return {s: found[s].name for s in found if found[s] is not None}


def test_the_latest_study_wins_and_is_not_completed_from_another():
    first = [layer(f"{s} A", "A") for s in ("T1", "T1ce", "T2", "FLAIR")]
    second = [layer("T1 B", "B"), layer("FLAIR B", "B")]
    assert names(first + second) == {"t1": "T1 B", "flair": "FLAIR B"}
    assert names(second + first) == {
        "t1": "T1 A",
        "t1ce": "T1ce A",
        "t2": "T2 A",
        "flair": "FLAIR A",
    }


def test_the_studys_name_says_nothing_about_the_sequence():
    study = "post_T1_followup"
    layers = [layer(f"{s} {study}", study) for s in ("T1", "FLAIR")]
    assert names(layers) == {"t1": f"T1 {study}", "flair": f"FLAIR {study}"}


def test_a_name_comes_before_what_the_reader_thought():
    assert sequence_of(layer("my flair", "A", "t2"))[0] == "flair"
    assert sequence_of(layer("untitled", "A", "t2"))[0] == "t2"
    assert sequence_of(layer("untitled"))[0] is None


def test_what_the_user_chose_is_kept_while_the_layer_is_open():
    t1, odd = layer("T1 A", "A"), layer("odd one", "A")
    assert names([t1, odd], {"t1": None, "t2": odd}) == {"t2": "odd one"}
    assert names([t1], {"t2": odd}) == {"t1": "T1 A"}


def test_layers_of_other_plugins_match_by_name_alone():
    elsewhere = [layer("case_t1c"), layer("case-t2f"), layer("photo")]
    assert names(elsewhere) == {"t1ce": "case_t1c", "flair": "case-t2f"}
    ours = replace(elsewhere[0].metadata.get("napari_acs", LayerInfo(GRID)), study="A")
    mixed = [*elsewhere, Image(np.zeros((2, 2, 2)), name="T2 A", metadata={"napari_acs": ours})]
    assert names(mixed) == {"t2": "T2 A"}


def test_what_napari_made_of_a_volume_is_not_chosen_for_it():
    """A projection was chosen in the place of the volume, and Segment refused a flat image."""
    flair = layer("FLAIR A", "A", "flair")
    flat = Image(np.zeros((2, 2)), name="FLAIR A max-proj", metadata=flair.metadata)
    merged = Image(np.zeros((2, 2, 2, 2)), name="FLAIR A", metadata=flair.metadata)
    photo = Image(np.zeros((2, 2, 2, 3)), rgb=True, name="FLAIR A", metadata=flair.metadata)
    assert match_sequences([flair, flat, merged, photo], {})["flair"] is flair
    assert match_sequences([flair, flat], {"flair": flat})["flair"] is flat


def test_an_image_that_napari_made_labels_of_is_no_mask():
    """It was followed as one, and an image of 8 bits would have been saved as a mask."""
    image = layer("FLAIR A", "A", "flair")
    labels = Labels(np.ones((2, 2, 2), np.uint8), name="FLAIR A", metadata=image.metadata)
    assert not is_tumour_mask(labels)
    mask = layer("segmentation A", "A")
    assert is_tumour_mask(Labels(np.ones((2, 2, 2), np.uint8), metadata=mask.metadata))
