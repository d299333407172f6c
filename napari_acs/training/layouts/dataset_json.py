"""The channels of a ``dataset.json``; `inference.dataset_json` has its labels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari_acs.errors import BadInput
from napari_acs.imaging import TITLES, guess_sequence
from napari_acs.imaging.identify.words import what_text_says


def channels_of(data: Mapping[str, Any], file: Path) -> dict[str, int]:
    """Return the channel of each sequence, by ``channel_names`` (nnU-Net 2) or ``modality``.

    Channels that are known to be something else (ADC, SWI) are left out.

    Raises
    ------
    BadInput
        No channel is named, a name says no sequence, or two say the same one.
    """
    named = data.get("channel_names", data.get("modality"))
    if not isinstance(named, dict) or not named:
        raise BadInput(f"{file} names no channels", expected="them under channel_names or modality")
    channels: dict[str, int] = {}
    for index, name in named.items():
        said = what_text_says(str(name))
        key = guess_sequence(str(name)) or (said.sequence if said else None)
        if key is None and said is None:
            raise BadInput(
                f"{file}: the name of channel {index} says no sequence",
                found=repr(name),
                expected="T1, T1ce, T2 or FLAIR",
                do="Correct the channel's name there",
            )
        if key is None:
            continue
        if key in channels or not str(index).isdigit():
            raise BadInput(
                f"{file}: its channels are not clear",
                found=", ".join(f"{i}: {n}" for i, n in named.items()),
                expected=f"numbers, and one channel that is {TITLES[key]}",
            )
        channels[key] = int(index)
    return channels
