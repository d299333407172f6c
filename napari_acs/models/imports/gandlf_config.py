"""What GaNDLF's configuration says that decides a prediction, or a refusal of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from napari_acs.errors import BadInput
from napari_acs.models.gandlf_networks import VARIANTS
from napari_acs.models.imports.regions import ED, ET, NCR, Meaning

_ALIASES: Final = {
    "residualunet": "resunet",
    "residualunet_multilayer": "resunet_multilayer",
    "deepunet": "deep_unet",
    "deepresunet": "deep_resunet",
    "lightunet": "light_unet",
    "lightresunet": "light_resunet",
    "lightunet_multilayer": "light_unet_multilayer",
    "lightresunet_multilayer": "light_resunet_multilayer",
}
_FINAL: Final = {"sigmoid": "sigmoid", "sig": "sigmoid", "softmax": "softmax", "soft": "softmax"}
Normalisation = Literal[
    "nonzero-zscore", "zscore", "nonzero-zscore-shifted", "positive-zscore-shifted"
]
_NORMALISATIONS: Final[dict[str, Normalisation]] = {
    "normalize_nonZero_masked": "nonzero-zscore",
    "normalize_nonZero": "nonzero-zscore-shifted",
    "normalize_positive": "positive-zscore-shifted",
    "normalize": "zscore",
}
_HARMLESS: Final = ("crop_external_zero_planes", "to_canonical", "resample")


@dataclass(frozen=True)
class GandlfConfig:
    """The parts of a configuration that matter here.

    Attributes
    ----------
    architecture : str
        One of ``VARIANTS``, or ``imagenet_unet``.
    model : dict
        GaNDLF's ``model`` section.
    activation : {"sigmoid", "softmax"}
        The final layer.
    norm : str
        ``batch``, ``instance`` or ``none``.
    class_list : tuple
        GaNDLF's classes, such as ``0`` and ``"1||2||4"``.
    patch_xyz : tuple of int
        Voxels.
    spacing_mm : tuple of float, or None
        x, y, z, where it resamples.
    canonical : bool
        Whether it turns volumes to RAS.
    normalisation : str
        As ``input.normalisation`` of a bundle has it.
    """

    architecture: str
    model: dict[str, Any]
    activation: Literal["sigmoid", "softmax"]
    norm: str
    class_list: tuple[Any, ...]
    patch_xyz: tuple[int, int, int]
    spacing_mm: tuple[float, float, float] | None
    canonical: bool
    normalisation: Normalisation


def read_gandlf_config(parameters: dict[str, Any], name: str) -> GandlfConfig:
    """Check GaNDLF's parameters.

    Parameters
    ----------
    parameters : dict
        Its configuration, from the YAML or the checkpoint.
    name : str
        What a refusal calls it.

    Raises
    ------
    BadInput
        If it is no 3D segmentation, of a network that cannot be built here, or prepares or
        corrects what it predicts in a way that cannot be done alike here.
    """
    model = parameters.get("model")
    if not isinstance(model, dict) or "architecture" not in model:
        raise BadInput(f"{name} is no configuration of GaNDLF", expected="a section 'model'")
    if int(_number(model.get("dimension", 3), name, "model.dimension")) != 3:
        raise BadInput(f"{name} is of a 2D network", expected="dimension: 3")
    problem = parameters.get("problem_type", "segmentation")
    if problem != "segmentation":
        raise BadInput(f"{name} is of no segmentation", found=str(problem))
    if parameters.get("differential_privacy"):
        raise BadInput(f"{name} was trained with differential privacy, which changes its layers")
    chosen = str(model["architecture"]).lower()
    architecture = _ALIASES.get(chosen, chosen)
    if architecture not in (*VARIANTS, "imagenet_unet"):
        raise BadInput(
            f"{name} is of an architecture that cannot be built here",
            found=chosen,
            expected=", ".join((*VARIANTS, "imagenet_unet")),
        )
    activation = _FINAL.get(str(model.get("final_layer")).lower())
    if activation is None:
        raise BadInput(
            f"the output of {name} is no probability",
            found=f"final_layer: {model.get('final_layer')}",
            expected="sigmoid or softmax",
        )
    preparation = _preprocessing(parameters.get("data_preprocessing"), name)
    sampler = parameters.get("patch_sampler")
    if isinstance(sampler, dict) and sampler.get("enable_padding"):
        raise BadInput(
            f"{name} mirrors the volume beyond its edges, which is not done here",
            found="patch_sampler: enable_padding",
            do="It is done before volumes are normalised, and changes what the network sees",
        )
    for key in ("data_postprocessing", "data_postprocessing_after_reverse_one_hot_encoding"):
        if parameters.get(key):
            raise BadInput(
                f"{name} corrects its masks afterwards, which is not done here",
                found=f"{key}: {', '.join(parameters[key])}",
                do=f"Where the masks are wanted without it, remove {key} from its configuration",
            )
    patch = parameters.get("patch_size")
    if not isinstance(patch, Sequence) or len(patch) != 3:
        raise BadInput(f"{name} has no patch_size of three sides", found=str(patch))
    classes = model.get("class_list")
    if not isinstance(classes, Sequence) or not classes:
        raise BadInput(f"{name} has no class_list", found=str(classes))
    x, y, z = (int(_number(side, name, "patch_size")) for side in patch)
    return GandlfConfig(
        architecture,
        model,
        cast(Literal["sigmoid", "softmax"], activation),
        str(model.get("norm_type", "batch")).lower(),
        tuple(classes),
        (x, y, z),
        *preparation,
    )


def preparation_of(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the steps that decide what a network sees, as a configuration says them."""
    steps = parameters.get("data_preprocessing")
    known = (*_NORMALISATIONS, "to_canonical", "resample")
    return {key: steps[key] for key in known if key in steps} if isinstance(steps, dict) else {}


def _preprocessing(
    steps: Any, name: str
) -> tuple[tuple[float, float, float] | None, bool, Normalisation]:
    steps = steps or {}
    if not isinstance(steps, dict):
        raise BadInput(f"the data_preprocessing of {name} is not understood", found=str(steps))
    _refuse_other_spellings(steps, name)
    strange = [str(key) for key in steps if key not in _NORMALISATIONS and key not in _HARMLESS]
    if strange:
        raise BadInput(
            f"{name} prepares its input in a way that is not done here",
            found=", ".join(strange),
            expected=", ".join((*_NORMALISATIONS, *_HARMLESS)),
        )
    chosen = [key for key in steps if key in _NORMALISATIONS]
    if not chosen:
        raise BadInput(
            f"{name} was trained on intensities that nothing normalises",
            found=", ".join(steps) or "no data_preprocessing",
            expected=" or ".join(_NORMALISATIONS),
        )
    if len(chosen) > 1:
        raise BadInput(
            f"{name} says several normalisations; which one GaNDLF takes depends on its version",
            found=", ".join(chosen),
            expected="one",
        )
    spacing = None
    if "resample" in steps:
        wanted = steps["resample"]
        wanted = wanted.get("resolution") if isinstance(wanted, dict) else None
        if not isinstance(wanted, Sequence) or len(wanted) != 3:
            raise BadInput(f"the resample of {name} has no resolution of three numbers")
        x, y, z = (_number(value, name, "resample") for value in wanted)
        spacing = (x, y, z)
    return spacing, "to_canonical" in steps, _NORMALISATIONS[chosen[0]]


def _refuse_other_spellings(steps: dict[Any, Any], name: str) -> None:
    spelled = {known.lower(): known for known in _NORMALISATIONS}
    for step in steps:
        known = spelled.get(str(step).lower(), step)
        if known != step:
            raise BadInput(
                f"{name} spells {known} so that GaNDLF 0.1.5 leaves it out without a word",
                found=str(step),
                do=f"Where an older GaNDLF, which did it, trained the network, write {known}",
            )


def meanings_of(config: GandlfConfig, classes: Sequence[str], name: str) -> list[Meaning]:
    """Return what each class of a configuration stands for.

    Labels 1, 2 and 4 are those of BraTS (NCR, ED, ET). What other labels mean, the user says; a
    single one needs no name.

    Raises
    ------
    BadInput
        If it is not clear.
    """
    sets: list[list[int]] = []
    for entry in config.class_list:
        try:
            sets.append([int(part) for part in str(entry).split("||")])
        except ValueError:
            raise BadInput(
                f"a class of {name} is not understood", found=str(entry), expected="1 or '1||4'"
            ) from None
    labels = sorted({label for group in sets for label in group if label})
    if classes:
        if len(classes) != len(labels):
            raise BadInput(
                f"{name} has another number of labels",
                found=f"{', '.join(map(str, labels))} in class_list",
                expected=f"{len(classes)}: {', '.join(classes)}",
            )
        names = dict(zip(labels, classes, strict=True))
    elif labels in ([1, 2, 4], [1, 4]):
        names = {1: NCR, 2: ED, 4: ET}
    elif len(labels) == 1:
        names = {labels[0]: f"class {labels[0]}"}
    else:
        raise BadInput(
            f"{name} does not say what its labels {', '.join(map(str, labels))} mean",
            expected="1, 2 and 4 of BraTS, or their names",
            do="Name them in the order of the labels, such as --classes NCR,ED,ET (MSD's brain "
            "tumours: ED,NCR,ET)",
        )
    return [frozenset(names[label] for label in group if label) for group in sets]


def _number(value: Any, name: str, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadInput(f"{what} of {name} is no number", found=str(value))
    return float(value)
