"""A network that GaNDLF trained: its ``.pth.tar``, with the YAML or the parameters inside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from torch import Tensor, nn

from napari_acs.errors import BadInput
from napari_acs.models.bundle import Bundle
from napari_acs.models.gandlf_imagenet import DECODER_CHANNELS
from napari_acs.models.imports.fit import built, filled
from napari_acs.models.imports.gandlf_config import (
    GandlfConfig,
    meanings_of,
    preparation_of,
    read_gandlf_config,
)
from napari_acs.models.imports.pickles import LeftOut, load_checkpoint
from napari_acs.models.imports.regions import output_of
from napari_acs.models.imports.request import Request, sequences_of
from napari_acs.models.imports.write import write_bundle
from napari_acs.models.imports.yaml_files import read_plain

_CONVERT = (
    "python -c \"import torch; s = torch.load('IN', weights_only=False); "
    "torch.save({'model_state_dict': s['model_state_dict'], 'version': s['version']}, 'OUT')\" "
    "and give its YAML with --config"
)
_DECISIVE = (
    "architecture",
    "class_list",
    "final_layer",
    "norm_type",
    "dimension",
    "converter_type",
)

_NORMALISED: Final = {
    "nonzero-zscore": "normalize_nonZero_masked does: 0 stays 0 outside the brain",
    "nonzero-zscore-shifted": "normalize_nonZero does: the background is shifted with the brain",
    "positive-zscore-shifted": "normalize_positive does: the background is shifted with the brain",
    "zscore": "normalize does: the more empty space is round the brain, the other the values",
}


def is_gandlf(source: Path) -> bool:
    """Tell whether a file or folder looks like GaNDLF's output."""
    if source.is_dir():
        return bool(_checkpoints(source))
    return source.name.endswith(".pth.tar")


def import_gandlf(request: Request, target_folder: Path) -> Bundle:
    """Write a bundle with a network that GaNDLF trained.

    Raises
    ------
    BadInput
        If it cannot be read safely, or would predict otherwise here than in GaNDLF.
    """
    file = _checkpoint(request.source)
    state = load_checkpoint(file, _CONVERT)
    weights = state.get("model_state_dict")
    if not isinstance(weights, dict) or not all(isinstance(t, Tensor) for t in weights.values()):
        raise BadInput(f"{file} is no checkpoint of GaNDLF", expected="a model_state_dict")
    parameters, said_by = _parameters(request, file, state.get("parameters"))
    config = read_gandlf_config(parameters, said_by)
    first = next(t for t in weights.values() if t.dim() > 3)
    channels = sequences_of(request, int(first.shape[1]))
    output = output_of(meanings_of(config, request.classes, said_by), config.activation, said_by)
    x, y, z = config.patch_xyz
    fields: dict[str, Any] = {
        "architecture": _architecture(config, weights, len(channels), said_by),
        "requires": ["gandlf"] if config.architecture == "imagenet_unet" else [],
        "input": {
            "channels": [{"name": name, "required": True} for name in channels],
            "orientation": "RAS" if config.canonical else "LPS",
            "axes": "xyz",
            "spacing_mm": config.spacing_mm or (1.0, 1.0, 1.0),
            "patch": (z, y, x),
            "normalisation": config.normalisation,
            "minimum_sequences": len(channels),
        },
        "output": output,
    }
    network = built(fields)
    filled(network, {f"network.{key}": tensor for key, tensor in weights.items()}, str(file))
    version = state.get("version")
    tool = f"GaNDLF {version}" if isinstance(version, str) else "GaNDLF"
    return write_bundle(
        target_folder,
        request,
        network,
        tool=tool,
        file=file,
        stem=file.name.removesuffix(".pth.tar"),
        fields=fields,
        notes=_notes(config, said_by, channels, network),
    )


def _architecture(
    config: GandlfConfig, weights: dict[str, Tensor], channels: int, name: str
) -> dict[str, Any]:
    model = config.model
    common = {"in_channels": channels, "classes": len(config.class_list)}
    if config.architecture == "imagenet_unet":
        if model.get("decoder_attention_type") is not None:
            raise BadInput(f"{name} has attention in its decoder, which cannot be built here")
        mode = str(model.get("converter_type", "soft")).lower()
        batch_norm = model.get("decoder_use_batchnorm", config.norm == "batch")
        arguments = common | {
            "encoder_name": str(model.get("encoder_name", "resnet34")),
            # GaNDLF takes soft for whatever is neither of the others.
            "mode": mode if mode in ("acs", "conv3d") else "soft",
            "encoder_depth": model.get("encoder_depth", model.get("depth", 5)),
            "decoder_channels": list(model.get("decoder_channels", DECODER_CHANNELS)),
            "batch_norm": bool(batch_norm),
        }
        return {"name": "gandlf-imagenet-unet", "arguments": arguments}
    if config.norm not in ("batch", "instance"):
        raise BadInput(
            f"{name} has a norm that cannot be built here",
            found=config.norm,
            expected="batch or instance",
        )
    start = weights.get("ins.conv0.weight")
    if start is None:
        raise BadInput(f"the weights are not those of a {config.architecture}, as {name} says")
    listed = {key.split(".")[1] for key in weights if key.startswith("ds.")}
    scale = model.get("sigmoid_input_multiplier", 1.0) if config.activation == "sigmoid" else 1.0
    arguments = common | {
        "variant": config.architecture,
        "base_filters": int(start.shape[0]),
        "norm": config.norm,
        "depth": len(listed) if config.architecture.endswith("_multilayer") else 4,
        "logit_scale": float(scale),
    }
    return {"name": "gandlf-unet", "arguments": arguments}


def _parameters(request: Request, file: Path, inside: Any) -> tuple[dict[str, Any], str]:
    """Return the parameters of the user's YAML, of that beside the weights, or of the checkpoint.

    Those inside the checkpoint are what it was trained with: where they say otherwise than the
    YAML, nobody knows which holds.
    """
    beside = [file.with_name(n) for n in ("config.yaml", "config.yml", "parameters.yaml")]
    config = request.config or next((f for f in beside if f.is_file()), None)
    known = inside if isinstance(inside, dict) else None
    if config is None:
        if known is None:
            raise BadInput(
                f"{file} does not hold GaNDLF's parameters",
                do="Give the YAML it was trained with: --config FILE",
            )
        return known, str(file)
    if not config.is_file():
        raise BadInput(f"{config} is not there", do="Check the path")
    said = read_plain(config.read_text(encoding="utf-8"), config.name)
    theirs, ours = said.get("model"), known.get("model") if known else None
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in _DECISIVE:
            said_here, trained = theirs.get(key), ours.get(key)
            if None in (said_here, trained) or isinstance(trained, LeftOut):
                continue
            if said_here != trained:
                raise BadInput(
                    f"{config} is not what {file} was trained with",
                    found=f"{key}: {said_here}",
                    expected=f"{trained}, as the checkpoint says",
                )
    here, there = preparation_of(said), preparation_of(known or {})
    if known is not None and "data_preprocessing" in known and here != there:
        raise BadInput(
            f"{config} is not what {file} was trained with",
            found=f"data_preprocessing: {here}",
            expected=f"{there}, as the checkpoint says",
        )
    return said, str(config)


def _checkpoint(source: Path) -> Path:
    if source.is_file():
        return source
    found = _checkpoints(source) if source.is_dir() else []
    for end in ("_best.pth.tar", "_latest.pth.tar"):
        chosen = [file for file in found if file.name.endswith(end)]
        if len(chosen) == 1:
            return chosen[0]
    raise BadInput(
        f"{source} is no single output of GaNDLF",
        found=", ".join(file.name for file in found) or "no .pth.tar",
        expected="one *_best.pth.tar",
        do="Name the file itself",
    )


def _checkpoints(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.pth.tar"))


def _notes(
    config: GandlfConfig, said_by: str, channels: tuple[str, ...], network: nn.Module
) -> list[str]:
    count = sum(p.numel() for p in network.parameters())
    spacing = (
        f"resampled to {config.spacing_mm} mm, as its configuration says"
        if config.spacing_mm
        else "its configuration resamples nothing: 1 mm was assumed, the grid of BraTS"
    )
    axes = (
        "axes turned to RAS, as its configuration says (to_canonical)"
        if config.canonical
        else "axes as they are stored in BraTS (LPS): its configuration turns nothing"
    )
    return [
        f"GaNDLF's {config.architecture}, {count / 1e6:.2f} million weights, by "
        f"{Path(said_by).name}",
        f"class_list {list(config.class_list)}, final layer {config.activation}",
        f"the order of the sequences ({', '.join(channels)}) is what the user said",
        spacing,
        axes,
        f"normalised as {_NORMALISED[config.normalisation]}",
        "windows are blended here, where GaNDLF cuts or averages them, and lie in a box round the "
        "brain, not in the whole volume, so that masks may differ by voxels at their edges",
        "GaNDLF marks a class from 0.5 on; here a region is the sum of its classes from 0.5 on, "
        "which also marks voxels whose classes share it",
    ]
