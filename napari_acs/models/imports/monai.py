"""A MONAI bundle, as folder or zip: its weights, for a network that can be built by name."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from torch import Tensor

from napari_acs.errors import BadInput
from napari_acs.models.archive import is_zip, opened_zip
from napari_acs.models.bundle import Bundle
from napari_acs.models.imports.fit import built, filled
from napari_acs.models.imports.monai_config import (
    activation_of,
    channel_names,
    meanings_of,
    network_of,
    patch_of,
    preprocessing_of,
)
from napari_acs.models.imports.pickles import load_checkpoint
from napari_acs.models.imports.regions import output_of
from napari_acs.models.imports.request import Request, sequences_of
from napari_acs.models.imports.write import UNKNOWN_LICENCE, write_bundle
from napari_acs.models.imports.yaml_files import read_plain_file
from napari_acs.models.monai_networks import REPEATED
from napari_acs.models.safe_load import load_state

_CONFIGS: Final = ("configs/inference.json", "configs/inference.yaml", "configs/inference.yml")
_METADATA: Final = "configs/metadata.json"
_WEIGHTS: Final = ("models/model.pt", "models/model.safetensors")
_WANTED: Final = (*_CONFIGS, _METADATA, *_WEIGHTS, "models/model.ts", "LICENSE", "docs/license.txt")
_LARGEST: Final = 8 * 2**30
_CONVERT: Final = (
    "python -c \"import torch; torch.save(torch.jit.load('models/model.ts', map_location='cpu')"
    ".state_dict(), 'models/model.pt')\""
)


def is_monai(source: Path) -> bool:
    """Tell whether a folder or zip looks like a MONAI bundle."""
    if source.is_dir():
        return (source / _METADATA).is_file()
    if not is_zip(source):
        return False
    try:
        with opened_zip(source) as archive:
            return any(name.endswith(_METADATA) for name in archive.namelist())
    except (BadInput, OSError):
        return False


def import_monai(request: Request, target_folder: Path) -> Bundle:
    """Write a bundle with the network and weights of a MONAI bundle.

    Raises
    ------
    BadInput
        If it needs code to be run, or prepares its input in a way that is not done here.
    """
    with _unpacked(request.source) as folder:
        return _import(request, folder, target_folder)


def _import(request: Request, folder: Path, target_folder: Path) -> Bundle:
    shown = str(request.source)
    metadata = read_plain_file(folder / _METADATA, f"{shown}/{_METADATA}")
    config_file = request.config or next(
        (folder / n for n in _CONFIGS if (folder / n).is_file()), None
    )
    if config_file is None:
        raise BadInput(f"{shown} has no configuration", expected=", ".join(_CONFIGS))
    config = read_plain_file(config_file, "" if request.config else f"{shown}/{config_file.name}")
    name, arguments = network_of(config, shown)
    preparation = preprocessing_of(config, shown)
    file = _weights_of(folder, shown)
    twice = REPEATED.get(name, ())
    state = {
        f"network.{key}": tensor
        for key, tensor in _state(file).items()
        if key.split(".", maxsplit=1)[0] not in twice
    }
    inputs, outputs = (
        _count(arguments, f"{name} of {shown}", key) for key in ("in_channels", "out_channels")
    )
    channels = sequences_of(request, inputs, channel_names(metadata, "inputs"))
    classes = request.classes or channel_names(metadata, "outputs")
    meanings = meanings_of(tuple(classes), shown)
    if len(meanings) != outputs:
        raise BadInput(
            f"{shown} has another number of output channels",
            found=f"{outputs} in its network",
            expected=f"{len(meanings)}: {', '.join(classes)}",
        )
    x, y, z = patch_of(config, shown) or (128, 128, 128)
    fields: dict[str, Any] = {
        "architecture": {"name": "monai", "arguments": {"network": name, "arguments": arguments}},
        "requires": ["monai"],
        "input": {
            "channels": [{"name": channel, "required": True} for channel in channels],
            "orientation": "RAS" if preparation.canonical else "LPS",
            "axes": "xyz",
            "spacing_mm": preparation.spacing_mm or (1.0, 1.0, 1.0),
            "patch": (z, y, x),
            "normalisation": "nonzero-zscore",
            "minimum_sequences": len(channels),
        },
        "output": output_of(meanings, activation_of(config, shown), shown),
        "metrics": {f"stated {k}": v for k, v in _dict(metadata, "eval_metrics").items()},
        "citation": [str(r) for r in metadata.get("references", []) if isinstance(r, str)],
        "data": [str(metadata["data_source"])] if metadata.get("data_source") else [],
        "licence": _licence(folder),
    }
    network = built(fields, file.stat().st_size)
    filled(network, state, shown)
    version = metadata.get("version", "of unknown version")
    return write_bundle(
        target_folder,
        request,
        network,
        tool=f"MONAI bundle {metadata.get('name', request.source.stem)} {version}",
        file=file,
        stem=request.source.stem or request.source.name,
        fields=fields,
        notes=[
            f"MONAI's {name}, with {arguments}",
            f"network output in its own order: {', '.join(classes)}",
            "resampled as its configuration says"
            if preparation.spacing_mm
            else "its configuration resamples nothing: 1 mm was assumed, the grid of BraTS",
            "axes as its configuration says"
            if preparation.oriented
            else "axes as they are stored in BraTS (LPS): its configuration turns nothing",
            "windows are blended here as for every model, and its own postprocessing (as "
            "of labels) is not run",
        ],
    )


def _state(file: Path) -> dict[str, Tensor]:
    if file.suffix == ".safetensors":
        return load_state(file)
    loaded: Any = load_checkpoint(
        file, "torch.save(model.state_dict(), 'model.pt'), with the network alone"
    )
    for key in ("model", "state_dict", "network", "net"):
        if isinstance(loaded.get(key), dict):
            loaded = loaded[key]
    state = {str(key): tensor for key, tensor in loaded.items() if isinstance(tensor, Tensor)}
    if len(state) != len(loaded):
        raise BadInput(f"{file} holds other things than tensors", expected="a plain state dict")
    return state


def _weights_of(folder: Path, shown: str) -> Path:
    file = next((folder / name for name in _WEIGHTS if (folder / name).is_file()), None)
    if file is not None:
        return file
    if (folder / "models" / "model.ts").is_file():
        raise BadInput(
            f"{shown} has its weights as TorchScript alone",
            found="models/model.ts, which is a program and can only be read by loading it",
            expected="models/model.pt",
            do=f"Where you trust its source, take the weights out there: {_CONVERT}",
        )
    raise BadInput(f"{shown} has no weights", expected=" or ".join(_WEIGHTS))


def _count(arguments: dict[str, Any], name: str, key: str) -> int:
    value = arguments.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadInput(f"the network {name} has no number {key}", found=str(value))
    return value


def _licence(folder: Path) -> str:
    for name in ("LICENSE", "docs/license.txt"):
        if (folder / name).is_file():
            lines = (folder / name).read_text(encoding="utf-8", errors="replace").splitlines()
            first = next((line.strip() for line in lines if line.strip()), "")
            return f"as its file {name} says: {first[:200]}"
    return UNKNOWN_LICENCE


def _dict(metadata: dict[str, Any], key: str) -> dict[str, Any]:
    value = metadata.get(key)
    return value if isinstance(value, dict) else {}


@contextmanager
def _unpacked(source: Path) -> Iterator[Path]:
    """Give the bundle's folder; of a zip a copy of the files that are wanted, which goes away."""
    if source.is_dir():
        yield source
        return
    if not is_zip(source):
        raise BadInput(
            f"{source} is no MONAI bundle",
            found="a file" if source.is_file() else "nothing there",
            expected="its folder, or a .zip of it",
        )
    with tempfile.TemporaryDirectory() as made, opened_zip(source) as archive:
        folder = Path(made)
        roots = [n.removesuffix(_METADATA) for n in archive.namelist() if n.endswith(_METADATA)]
        if len(roots) != 1:
            raise BadInput(
                f"{source} is not one MONAI bundle",
                found=f"{len(roots)} files {_METADATA} in it",
                expected="one",
                do="Unpack it, and add the bundle's folder",
            )
        root = roots[0]
        for name in _WANTED:
            # Only names of our own are written, so that none of the archive leads elsewhere.
            if root + name in archive.namelist():
                info = archive.getinfo(root + name)
                limit = _LARGEST if name.startswith("models/") else 2**24
                if info.file_size > limit:
                    raise BadInput(f"{name} in {source} is too large", found=f"{info.file_size} B")
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                with archive.open(info) as packed, (folder / name).open("wb") as out:
                    shutil.copyfileobj(packed, out)
        yield folder
