"""A DICOM study as a scanner leaves it: four sequences, a scout, a map, a copy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from imaging.dicom.write import STUDY, write_series
from imaging.moved import coarse_phantom
from pydicom.uid import generate_uid

from napari_acs.imaging import Volume

SECOND = generate_uid(entropy_srcs=["second study"])
PROTOCOL = {
    "t1": ("t1_se_tra", {"EchoTime": 12, "RepetitionTime": 550}),
    "t1ce": ("t1_se_tra +Gd", {"EchoTime": 12, "RepetitionTime": 550}),
    "t2": ("t2_tse_tra", {"EchoTime": 100, "RepetitionTime": 5000}),
    "flair": (
        "t2_tirm_tra_dark-fluid",
        {"EchoTime": 90, "RepetitionTime": 9000, "InversionTime": 2500},
    ),
}
NUMBERS = {"t1": 2, "t1ce": 3, "t2": 4, "flair": 5}
SILENT = {
    **dict.fromkeys(("EchoTime", "RepetitionTime", "FlipAngle", "InversionTime")),
    **dict.fromkeys(("ScanningSequence", "SequenceVariant")),
}


def stored(volume: Volume) -> Volume:
    """Return a volume as whole numbers up to 1000."""
    scale = 1000 / volume.array.max()
    return replace(volume, array=np.round(volume.array * scale).astype(np.int16))


def phantom(step: int = 4) -> dict[str, Volume]:
    """Return the phantom's sequences, coarse, as the files will hold them."""
    return {key: stored(volume) for key, volume in coarse_phantom(step).items()}


def write_sequences(
    folder: Path,
    volumes: dict[str, Volume],
    *,
    study_uid: str = STUDY,
    silent: bool = False,
) -> dict[str, list[Path]]:
    """Write one series a sequence in folders called by numbers; return the files of each."""
    files = {}
    for key, volume in volumes.items():
        number = NUMBERS[key]
        description, tags = (f"series {number}", SILENT) if silent else PROTOCOL[key]
        files[key] = write_series(
            folder / str(number),
            volume,
            description=description,
            number=number,
            study_uid=study_uid,
            **tags,
        )
    return files


def write_study(folder: Path, step: int = 4) -> dict[str, Volume]:
    """Write four sequences, a localizer, an ADC map and a copy; return the sequences."""
    volumes = phantom(step)
    write_sequences(folder, volumes)
    t1 = volumes["t1"]
    few = tuple(slice(0, n) for n in (3, *t1.array.shape[1:]))
    write_series(folder / "1", t1.array[:3], t1.grid.crop(few), description="localizer", number=1)
    write_series(
        folder / "9",
        t1,
        description="ep2d_diff",
        number=9,
        ImageType=["DERIVED", "PRIMARY", "DIFFUSION", "ADC"],
    )
    for copy in sorted((folder / "2").iterdir()):
        target = folder / "copy of 2" / copy.name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(copy.read_bytes())
    return volumes
