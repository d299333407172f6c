"""The description and the card of the sequence classifier."""

from __future__ import annotations

from typing import Any

from napari_acs.imaging import SEQUENCES, TITLES
from napari_acs.training.sequences.pool import CLASSES, INPUT
from napari_acs.training.sequences.report import tables

ID, VERSION, TITLE = "sequence-acs-mobilenetv2", "0.2.0", "Which MRI sequence a volume is"
DATA = (
    "RSNA-ASNR-MICCAI-BraTS 2021, 8 cases, doi 10.7937/jc8x-9874, CC BY 4.0",
    "BraTS 2018 (17 cases) and 2020 (1 case), 8-bit copies; research use with citation",
    "TCGA-FG-6692 of TCGA-LGG, as the scanner gave it and skull-stripped, CC BY 3.0",
    "Brain-Tumor-Progression (TCIA), 6 examinations of 3 patients, T1ce with skull, CC BY 3.0",
    "Digital phantoms drawn from the ICBM 2009a template",
)
CITATION = (
    "Baid et al. 2021, arXiv:2107.02314",
    "Menze et al. 2015, doi:10.1109/TMI.2014.2377694",
    "Bakas et al. 2017, doi:10.1038/sdata.2017.117",
    "Bakas et al. 2018, arXiv:1811.02629",
    "Pedano et al. 2016, TCGA-LGG, doi:10.7937/K9/TCIA.2016.L4LTD3TK",
    "Schmainda and Prah 2018, Brain-Tumor-Progression, doi:10.7937/K9/TCIA.2018.15quzvnb",
    "Sandler et al. 2018, MobileNetV2, arXiv:1801.04381",
    "Yang et al. 2021, ACS convolutions, doi:10.1109/JBHI.2021.3049452",
)
ARCHITECTURE: dict[str, Any] = {
    "encoder": "mobilenet_v2",
    "resolutions": 4,
    "dropout": 0.3,
}
LICENCE = "Apache-2.0 for the code; the weights for research use, see the data's terms"
_LIMITS = """\
- Only patients with glioma, from few sites; T2 and FLAIR with the skull come from one patient. The
  scalps of the others are made up, so figures with them are hopes, not measurements.
- "Other" was learnt from made-up images (masks, maps, subtractions, inverted and random contrasts,
  maps like ADC, images like CT, noise, shapes), not from real diffusion, perfusion,
  susceptibility, angiography or CT. A real one may be taken for one of the four.
- A T1ce whose agent shows little in the brain looks like a T1: these two are told apart least.
- No children, no other diseases, no region but the head; low field was not seen.
- BraTS renames its patients: cases of 2018 and 2021 may be of one patient. No two were found to be
  the same volume, but that was not proven for other dates of one patient."""


def description(metrics: dict[str, Any], training: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of ``model.json`` but the weights."""
    titles = [*(TITLES[name] for name in SEQUENCES), "none of the four"]
    return {
        "id": ID,
        "version": VERSION,
        "title": TITLE,
        "architecture": {
            "name": "acs-classifier",
            "arguments": ARCHITECTURE,
        },
        "input": INPUT.model_dump(),
        "classes": [{"name": n, "title": t} for n, t in zip(CLASSES, titles, strict=True)],
        "temperature": metrics["temperature"],
        "data": DATA,
        "metrics": metrics,
        "training": training,
        "licence": LICENCE,
        "citation": CITATION,
        "intended_use": "Research only. Not a medical device; not for clinical use. It proposes "
        "which image is which sequence, and a person confirms it.",
    }


def card(metrics: dict[str, Any], training: dict[str, Any]) -> str:
    """Return the model card, as Markdown."""
    data = "\n".join(f"- {line}" for line in DATA)
    results = "\n".join(tables(metrics))
    said = "\n".join(f"- {key}: {value}" for key, value in training.items())
    cited = "\n".join(f"- {line}" for line in CITATION)
    return f"""\
# {TITLE}

`{ID}` {VERSION}. **Research only. Not a medical device; not for clinical use.**

## What it does

From one MRI volume of a head, with its skull or without, in any orientation and spacing, it tells
T1, T1ce (with contrast agent), T2, FLAIR, or "other": none of the four. It is asked where names
and DICOM headers are silent or doubtful, and proposes; a person confirms.

## How it was made

The first four resolutions of MobileNetV2 with ImageNet weights, made 3D by ACS convolutions, on a
box of 192 x 224 x 192 mm at 4 mm. The first three stages stay as they are but for the statistics of
their batch norms (phantoms'); the later ones were trained. The weights that ship were trained on
all patients; the figures below are of networks that
were trained in the same way on four fifths of them.

{said}

Training data:

{data}

## How well it does

Five folds by patient: every volume is judged by a network that never saw its patient.

{results}

## What it must not be trusted with

{_LIMITS}

## Licence and citation

{LICENCE}

{cited}
"""
