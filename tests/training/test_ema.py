"""The averaged network is an average, which early steps count more in."""

import pytest
import torch
from torch import nn
from training.toy import toy_run

from napari_acs.training.checkpoint import read_checkpoint
from napari_acs.training.ema import Average


def test_an_average_moves_by_its_decay_and_faster_at_first():
    network = nn.BatchNorm1d(1)
    average = Average(network, 0.75)
    expected = 1.0
    for step, value in ((0, 5.0), (1, 3.0), (100, -2.0), (101, 8.0)):
        network.weight.data.fill_(value)
        network.num_batches_tracked.fill_(step)
        average.update(network, step)
        keep = 0.75 if step > 50 else (1 + step) / (10 + step)
        expected = keep * expected + (1 - keep) * value
        assert float(average.network.weight) == pytest.approx(expected)
        assert int(average.network.num_batches_tracked) == step
    assert network.weight.item() == 8.0, "the network itself is left alone"


def test_what_a_run_averages_is_not_its_last_step(tmp_path):
    toy_run(tmp_path / "far", steps=8, ema=0.9)
    toy_run(tmp_path / "none", steps=8, ema=0.0)
    far, none = (read_checkpoint(tmp_path / name) for name in ("far", "none"))
    for name, last in far["network"].items():
        torch.testing.assert_close(none["average"][name], last, msg=name)
        if name.endswith("weight"):
            assert not torch.allclose(far["average"][name], last), name
