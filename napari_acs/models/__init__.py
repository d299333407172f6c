"""Networks and the bundles that carry them. Importing this costs pydantic, not torch."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_acs.models.adding import add_bundle
    from napari_acs.models.bundle import (
        Bundle,
        ClassifierBundle,
        load_bundle,
        load_classifier,
        save_bundle,
        save_classifier,
    )
    from napari_acs.models.exporting import export_bundle
    from napari_acs.models.removing import remove_bundle
    from napari_acs.models.settings import Settings, read_settings, write_settings
    from napari_acs.models.spec import AnySpec, BundleSpec, ClassifierSpec
    from napari_acs.models.store import (
        BrokenBundle,
        BundleEntry,
        default_bundle_id,
        list_broken,
        list_bundles,
    )

_HOME = {
    "BrokenBundle": "store",
    "AnySpec": "spec",
    "Bundle": "bundle",
    "BundleEntry": "store",
    "BundleSpec": "spec",
    "ClassifierBundle": "bundle",
    "ClassifierSpec": "spec",
    "Settings": "settings",
    "add_bundle": "adding",
    "default_bundle_id": "store",
    "export_bundle": "exporting",
    "list_broken": "store",
    "list_bundles": "store",
    "load_bundle": "bundle",
    "load_classifier": "bundle",
    "read_settings": "settings",
    "remove_bundle": "removing",
    "save_bundle": "bundle",
    "save_classifier": "bundle",
    "write_settings": "settings",
}

__all__ = [
    "AnySpec",
    "BrokenBundle",
    "Bundle",
    "BundleEntry",
    "BundleSpec",
    "ClassifierBundle",
    "ClassifierSpec",
    "Settings",
    "add_bundle",
    "default_bundle_id",
    "export_bundle",
    "list_broken",
    "list_bundles",
    "load_bundle",
    "load_classifier",
    "read_settings",
    "remove_bundle",
    "save_bundle",
    "save_classifier",
    "write_settings",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"napari_acs.models.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
