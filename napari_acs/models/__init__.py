"""Networks and the bundles that carry them. Importing this costs pydantic, not torch."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_acs.models.bundle import Bundle, load_bundle, save_bundle
    from napari_acs.models.spec import BundleSpec
    from napari_acs.models.store import BundleEntry, default_bundle_id, list_bundles

_HOME = {
    "Bundle": "bundle",
    "BundleEntry": "store",
    "BundleSpec": "spec",
    "default_bundle_id": "store",
    "list_bundles": "store",
    "load_bundle": "bundle",
    "save_bundle": "bundle",
}

__all__ = [
    "Bundle",
    "BundleEntry",
    "BundleSpec",
    "default_bundle_id",
    "list_bundles",
    "load_bundle",
    "save_bundle",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"napari_acs.models.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
