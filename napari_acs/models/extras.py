"""The extras of this package that a bundle's network may need."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from types import MappingProxyType
from typing import Final

from napari_acs.errors import BadInput
from napari_acs.models.spec import AnySpec

MODULES: Final[Mapping[str, str]] = MappingProxyType(
    {"monai": "monai", "gandlf": "segmentation_models_pytorch"}
)
"""The module that an extra brings; a name from a file is never imported but through this table."""


def refuse_missing_extras(spec: AnySpec) -> None:
    """Raise a ``BadInput`` with the pip command if what the bundle requires is not installed."""
    for extra in spec.requires:
        if extra not in MODULES:
            raise BadInput(
                f"model {spec.id!r} needs an extra that this version does not know",
                found=extra[:80],
                expected=", ".join(MODULES),
                do="Update napari-acs",
            )
        if find_spec(MODULES[extra]) is None:
            raise BadInput(
                f"model {spec.id!r} needs {MODULES[extra]}, which is not installed",
                do=f"Install it: pip install 'napari-acs[{extra}]'",
            )
