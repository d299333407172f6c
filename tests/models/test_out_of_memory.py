"""Memory that runs out while a bundle is loaded is no fault of the bundle's."""

from __future__ import annotations

import pytest
import torch

from napari_acs.errors import BadInput
from napari_acs.models import fitting, load_bundle, networks
from napari_acs.models.out_of_memory import is_out_of_memory

WORDS = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"
FAULTS = [MemoryError(), RuntimeError(WORDS)]


def _always(error):
    def fail(*_, **__):
        raise error

    return fail


@pytest.mark.parametrize("fault", FAULTS, ids=["MemoryError", "torch"])
def test_while_the_network_is_built(fault, tiny, monkeypatch):
    monkeypatch.setattr(networks, "BUILDERS", {"acs-unet": _always(fault)})
    with pytest.raises(BadInput, match=r"not enough memory to build.*Close other programs") as told:
        load_bundle(tiny).network()
    assert "arguments" not in str(told.value)
    with pytest.raises(type(fault)):
        networks.build_network(load_bundle(tiny).spec)


@pytest.mark.parametrize("fault", FAULTS, ids=["MemoryError", "torch"])
def test_while_the_weights_are_read(fault, tiny, monkeypatch):
    monkeypatch.setattr(fitting, "load", _always(fault))
    with pytest.raises(type(fault)) as raised:
        load_bundle(tiny).network()
    assert is_out_of_memory(raised.value), "a job says what to do then"


def test_other_faults_are_the_bundles(tiny, monkeypatch):
    fault = RuntimeError("torn")
    monkeypatch.setattr(networks, "BUILDERS", {"acs-unet": _always(fault)})
    with pytest.raises(BadInput, match=r"does not take.*torn.*architecture.arguments"):
        load_bundle(tiny).network()
    assert not is_out_of_memory(fault)
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
