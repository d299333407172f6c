"""Build the network that an import describes, and put its weights in, all of them or none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from torch import Tensor, nn

from napari_acs.errors import BadInput
from napari_acs.models.description import check_bounds
from napari_acs.models.fitting import built_to_fit, has_meta, within
from napari_acs.models.networks import build_network
from napari_acs.models.spec import BundleSpec

# Three times the largest of torchvision's encoders, made 3D; what is larger is no network that
# another tool trained, but a description that would take all memory.
_MOST_NUMBERS, _MOST_TENSORS = 64 * 2**20, 2_000


def built(fields: dict[str, Any], size_bytes: int = 1) -> nn.Module:
    """Return the untrained network of a bundle's fields, in its own axes.

    Raises
    ------
    BadInput
        If they are no valid description, or the network cannot be built or is beyond all measure.
    """
    base = {"id": "import", "version": "1", "title": "", "task": "segmentation", "licence": ""}
    weights = {"sha256": "0" * 64, "size_bytes": size_bytes}
    try:
        spec = BundleSpec.model_validate({**base, **fields, "weights": weights})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BadInput(
            "the model cannot be described",
            found=f"{where}: {first['msg']}",
            do="Check the configuration that it comes with",
        ) from error
    check_bounds(spec, Path("the description of this model"))
    size = max(_MOST_NUMBERS, size_bytes), _MOST_TENSORS
    network = built_to_fit(spec, *size)
    if has_meta(network):
        with within(spec, *size):
            network = build_network(spec)
    return network


def filled(network: nn.Module, state: Mapping[str, Tensor], source: str) -> nn.Module:
    """Load a state dict into a network, every tensor of it; eval mode.

    Raises
    ------
    BadInput
        If names or shapes differ, or a weight is not finite.
    """
    wanted = network.state_dict()
    faults = [f"{key} is missing" for key in wanted if key not in state]
    faults += [f"{key} has no place" for key in state if key not in wanted]
    faults += [
        f"{key} is {tuple(state[key].shape)}, not {tuple(tensor.shape)}"
        for key, tensor in wanted.items()
        if key in state and state[key].shape != tensor.shape
    ]
    if faults:
        raise BadInput(
            f"the weights of {source} are not those of the network that it describes",
            found=f"{len(faults)} of {len(wanted)} differ: {'; '.join(faults[:3])}",
            do="Give the configuration that it was trained with",
        )
    for key, tensor in state.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise BadInput(
                f"{source} is damaged",
                found=f"NaN or infinity in {key}",
                do="Ask its author for sound weights",
            )
    network.load_state_dict(dict(state))
    return network.eval()
