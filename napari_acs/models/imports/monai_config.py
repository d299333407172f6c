"""What a MONAI bundle's configuration says, read as data: none of its ``$`` expressions is run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from napari_acs.errors import BadInput
from napari_acs.models.imports.regions import ED, ET, NCR, Meaning
from napari_acs.models.monai_networks import NETWORKS

_MEANINGS: Final[dict[str, Meaning]] = {
    **dict.fromkeys(("wt", "wholetumor"), frozenset({NCR, ED, ET})),
    **dict.fromkeys(("tc", "tumorcore"), frozenset({NCR, ET})),
    **dict.fromkeys(("et", "enhancingtumor", "gdenhancingtumor"), frozenset({ET})),
    **dict.fromkeys(("ed", "edema", "peritumoraledema"), frozenset({ED})),
    **dict.fromkeys(("ncr", "necrotic", "necroticcore", "nonenhancingtumor"), frozenset({NCR})),
    **dict.fromkeys(("background", "bg"), frozenset()),
}
_LOADING: Final = ("LoadImage", "EnsureChannelFirst", "EnsureType", "ToTensor", "ConcatItems")
_HARMLESS: Final = ("CropForeground", "CastToType", "DeleteItems", "SelectItems")
_DEEPEST = 20


@dataclass(frozen=True)
class MonaiPreprocessing:
    """How a bundle prepares its input, as far as it can be done alike here."""

    canonical: bool
    oriented: bool
    spacing_mm: tuple[float, float, float] | None


def network_of(config: dict[str, Any], name: str) -> tuple[str, dict[str, Any]]:
    """Return the class and the arguments of a configuration's network.

    Raises
    ------
    BadInput
        If it is none of `NETWORKS`, or its arguments are not plain.
    """
    node = next(
        (
            config[key]
            for key in ("network_def", "network", "net")
            if isinstance(config.get(key), dict) and "_target_" in config[key]
        ),
        None,
    )
    if node is None:
        raise BadInput(
            f"{name} describes no network in plain words",
            expected="network_def with a _target_ and plain arguments",
            do="Expressions ($...) are never evaluated",
        )
    target = str(node["_target_"])
    made = re.fullmatch(r"(?:monai\.networks\.nets\.(?:\w+\.)?)?(\w+)", target)
    if made is None or made[1] not in NETWORKS:
        raise BadInput(
            f"{name} describes a network that cannot be built here",
            found=target,
            expected=", ".join(NETWORKS),
        )
    arguments = {k: v for k, v in node.items() if k not in ("_target_", "_desc_")}
    special = [key for key in arguments if key.startswith("_")]
    if special:
        raise BadInput(f"the network of {name} is refused", found=", ".join(special))
    return made[1], {key: _plain(value, config, name) for key, value in arguments.items()}


def activation_of(config: dict[str, Any], name: str) -> Literal["sigmoid", "softmax"]:
    """Return how the configuration turns the output to probabilities."""
    for step in _steps(config, "postprocessing"):
        kind = _class(step)
        if kind == "Activations" and step.get("sigmoid") is True:
            return "sigmoid"
        if kind == "Activations" and step.get("softmax") is True:
            return "softmax"
        if kind == "AsDiscrete" and step.get("argmax") is True:
            return "softmax"
    raise BadInput(
        f"the postprocessing of {name} says nothing of probabilities",
        expected="Activationsd with sigmoid or softmax, or AsDiscreted with argmax",
    )


def preprocessing_of(config: dict[str, Any], name: str) -> MonaiPreprocessing:
    """Return how the configuration prepares its input.

    Raises
    ------
    BadInput
        If it does something that is not done alike here.
    """
    canonical = oriented = normalised = False
    spacing: tuple[float, float, float] | None = None
    for step in _steps(config, "preprocessing"):
        kind = _class(step)
        plain = {
            k: _plain(v, config, name) for k, v in step.items() if k not in ("func", "meta_keys")
        }
        if kind == "Orientation":
            axes = plain.get("axcodes")
            if axes not in ("RAS", "LPS"):
                raise _cannot(name, f"{kind} to {axes}")
            canonical, oriented = axes == "RAS", True
        elif kind == "Spacing":
            pixdim = plain.get("pixdim")
            if not isinstance(pixdim, list) or len(pixdim) != 3:
                raise _cannot(name, f"{kind} to {pixdim}")
            x, y, z = (float(side) for side in pixdim)
            spacing = (x, y, z)
        elif kind == "NormalizeIntensity":
            odd = {"subtrahend", "divisor"} & {k for k, v in plain.items() if v is not None}
            if not (plain.get("nonzero") is True and plain.get("channel_wise") is True) or odd:
                raise _cannot(name, f"{kind} without nonzero and channel_wise")
            normalised = True
        elif kind not in (*_LOADING, *_HARMLESS):
            raise _cannot(name, kind)
    if not normalised:
        raise _cannot(name, "no NormalizeIntensity")
    return MonaiPreprocessing(canonical, oriented, spacing)


def patch_of(config: dict[str, Any], name: str) -> tuple[int, int, int] | None:
    """Return the sliding window's sides x, y, z in voxels, where the configuration has one."""
    inferer = config.get("inferer")
    size = inferer.get("roi_size") if isinstance(inferer, dict) else None
    size = _plain(size, config, name) if size is not None else None
    if not isinstance(size, list) or len(size) != 3:
        return None
    x, y, z = (int(side) for side in size)
    return (x, y, z) if min(x, y, z) > 0 else None


def channel_names(metadata: dict[str, Any], side: Literal["inputs", "outputs"]) -> tuple[str, ...]:
    """Return the ``channel_def`` of the first input or output, in order; empty if there is none."""
    data = metadata.get("network_data_format")
    part = data.get(side) if isinstance(data, dict) else None
    first = next(iter(part.values()), None) if isinstance(part, dict) else None
    names = first.get("channel_def") if isinstance(first, dict) else None
    if not isinstance(names, dict):
        return ()
    keys = sorted(names, key=lambda key: int(key) if str(key).isdigit() else 0)
    return tuple(str(names[key]) for key in keys)


def meanings_of(names: tuple[str, ...], name: str) -> list[Meaning]:
    """Return what output channels of these names stand for.

    Raises
    ------
    BadInput
        If there are none, or one is not known.
    """
    plain = [re.sub(r"[^a-z]", "", n.lower().replace("tumour", "tumor")) for n in names]
    plain = [re.sub("oedema", "edema", n) for n in plain]
    if not plain or any(n not in _MEANINGS for n in plain):
        raise BadInput(
            f"{name} does not say clearly what its output channels are",
            found=", ".join(names) or "no channel_def",
            expected="whole tumor, tumor core, enhancing tumor; or background, NCR, ED, ET",
            do="Name them in order, such as --classes TC,WT,ET",
        )
    return [_MEANINGS[n] for n in plain]


def _steps(config: dict[str, Any], key: str) -> list[Mapping[str, Any]]:
    node = config.get(key)
    steps = node.get("transforms") if isinstance(node, dict) else node
    if isinstance(steps, str) and steps.startswith("@"):
        steps = _looked_up(steps, config)
    steps = steps if isinstance(steps, list) else []
    looked = [
        _looked_up(s, config) if isinstance(s, str) and s.startswith("@") else s for s in steps
    ]
    given = [step if isinstance(step, dict) else {"_target_": str(step)} for step in looked]
    return [step for step in given if _plain(step.get("_disabled_"), config, key) is not True]


def _class(step: Mapping[str, Any]) -> str:
    name = str(step.get("_target_", "")).rsplit(".", 1)[-1]
    return name.removesuffix("d") if name != "Rand" else name


def _plain(value: Any, config: dict[str, Any], name: str, depth: int = 0) -> Any:
    if depth > _DEEPEST:
        raise BadInput(f"{name} refers to itself without end")
    if isinstance(value, str) and value.startswith("@"):
        return _plain(_looked_up(value, config), config, name, depth + 1)
    if isinstance(value, str) and ("$" in value or value.startswith("%")):
        raise BadInput(
            f"{name} is refused",
            found=f"the expression {value[:60]!r}",
            expected="plain values: expressions of MONAI are Python code, and never evaluated",
            do="Where you trust it, write the value itself in its place",
        )
    if isinstance(value, dict):
        if "_target_" in value:
            raise BadInput(f"{name} is refused", found=f"an object, {value['_target_']}")
        return {key: _plain(item, config, name, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, config, name, depth + 1) for item in value]
    return value


def _looked_up(reference: str, config: Any) -> Any:
    found = config
    for part in re.split(r"::|#", reference[1:]):
        if isinstance(found, list) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        elif isinstance(found, dict) and part in found:
            found = found[part]
        else:
            raise BadInput(f"the configuration has no {reference}")
    return found


def _cannot(name: str, found: str) -> BadInput:
    return BadInput(
        f"{name} prepares its input in a way that is not done here",
        found=found,
        expected="NormalizeIntensityd with nonzero and channel_wise; beside it Orientationd (RAS "
        "or LPS), Spacingd and loading",
    )
