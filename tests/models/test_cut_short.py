"""What a full disk or Ctrl-C cuts short leaves nothing of a bundle."""

from __future__ import annotations

import resource

import pytest

from napari_acs.errors import BadInput
from napari_acs.models import add_bundle, list_bundles, load_bundle, save_bundle


def test_a_disk_that_fills_up_leaves_nothing(tiny, mine):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(BadInput, match="cannot be written"):
            add_bundle(tiny)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(mine.iterdir()) == []
    add_bundle(tiny)
    assert "tiny" in [entry.spec.id for entry in list_bundles()]


def test_a_bundle_that_a_full_disk_cannot_hold_leaves_nothing(tiny, tmp_path):
    bundle = load_bundle(tiny)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(BadInput, match=r"cannot be written: found .*too large"):
            fields = bundle.spec.model_dump(exclude={"weights"})
            save_bundle(tmp_path / "new", fields, bundle.network())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.glob("*new*")), "not even a hidden one"


def test_ctrl_c_leaves_nothing(tiny, mine, monkeypatch):
    def interrupt(*_args, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr("napari_acs.models.fitting.load", interrupt)
    with pytest.raises(KeyboardInterrupt):
        add_bundle(tiny)
    assert list(mine.iterdir()) == []
