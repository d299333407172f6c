"""Exported networks against torch, at sizes that the export never saw."""

import copy
import importlib.util
import io
import pickle

import onnx
import onnxruntime
import pytest
import torch
import torchvision
from torch import nn

import napari_acs
from napari_acs.acs import ACSConv3d
from napari_acs.acs.export import OPSET, export_onnx, export_program
from napari_acs.acs.soft import SoftACSConv3d
from napari_acs.models.unet import ACSUNet

SIZES = [(1, 33, 35, 37), (3, 64, 17, 40), (1, 50, 51, 96)]
TINY = (2, 16, 13, 9)


def resnet18():
    flat = torchvision.models.resnet18(weights=None)
    return napari_acs.convert(nn.Sequential(*list(flat.children())[:-2]))


def mobilenet_v2():
    return napari_acs.convert(torchvision.models.mobilenet_v2(weights=None).features)


def options():
    """Every option of a layer, and every mode of a transposed one that is at hand."""
    return nn.Sequential(
        ACSConv3d(3, 8, 4, stride=2, padding=1),
        ACSConv3d(8, 8, 3, padding="same", dilation=2, groups=2),
        ACSConv3d(8, 8, 2, padding="same", groups=8),
        ACSConv3d(8, 12, 3, padding=1, padding_mode="reflect"),
        ACSConv3d(12, 12, (1, 3), padding=(0, 1), padding_mode="replicate", groups=3),
        ACSConv3d(12, 6, (3, 2), (2, 1), (1, 0), (1, 2)),
        ACSConv3d(6, 6, 5, padding=2, padding_mode="circular"),
        SoftACSConv3d(6, 7, 3, stride=2, padding=1),
        SoftACSConv3d(7, 7, (2, 3), padding="same", padding_mode="replicate"),
        ACSConv3d(7, 5, 1, split=(5, 0, 0)),
    )


def small(mode):
    flat = nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 6, 3, padding=1)
    )
    return napari_acs.convert(flat, mode=mode)


NETWORKS = {
    "resnet18": (resnet18, 3),
    "mobilenet_v2": (mobilenet_v2, 3),
    "every option": (options, 3),
    "soft": (lambda: small("soft"), 3),
    "mean": (lambda: small("mean"), 3),
    "U-Net": (lambda: ACSUNet("resnet18", decoder_channels=(32, 24, 16, 16, 8)), 4),
    "bundled": (lambda: napari_acs.load_bundle("glioma-unet-acs-mobilenetv2").network(), 4),
}


def made(name):
    torch.manual_seed(0)
    make, channels = NETWORKS[name]
    network = make()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm3d) and name != "bundled":
                module.running_mean.normal_(std=0.1)
    return network.eval(), channels


def assert_close(found, expected):
    assert found.shape == expected.shape
    assert (found - expected).abs().max() <= 1e-4 * expected.abs().max()


SLOWER = ("mobilenet_v2", "bundled", "U-Net", "resnet18")
SLOW = [  # depthwise layers and a U-Net's sizes take torch's exporter half a minute
    pytest.param(name, marks=pytest.mark.slow if name in SLOWER else ()) for name in NETWORKS
]


@pytest.mark.parametrize("name", SLOW)
def test_program_and_onnx_take_other_sizes_and_answer_as_torch_does(
    name, tmp_path, record_property
):
    network, channels = made(name)
    # A single voxel is left of the example behind stride 32, and its batch is one.
    example = torch.randn(1, channels, 32, 32, 32)
    exported = export_program(network, example)
    written = export_onnx(network, example, tmp_path / "network.onnx")
    assert written.opset == OPSET
    session = onnxruntime.InferenceSession(written.file, providers=["CPUExecutionProvider"])
    strict, free = exported.module(), exported.module(check_guards=False)
    for batch, *sides in [*SIZES, TINY]:
        volume = torch.randn(batch, channels, *sides)
        # Torch's own needless guards: see export_program.
        needless = sides == list(TINY[1:]) or (name == "every option" and batch == 1)
        with torch.no_grad():
            expected = network(volume)
            assert_close((free if needless else strict)(volume), expected)
        (found,) = session.run(None, {"volume": volume.numpy()})
        assert_close(torch.from_numpy(found), expected)
    assert 0 < written.max_abs_difference < 1e-3
    record_property("acs exported", name)


def test_onnx_file_names_its_axes_and_states_its_opset(tmp_path):
    written = export_onnx(small("acs").eval(), torch.randn(1, 3, 8, 8, 8), tmp_path / "n.onnx")
    model = onnx.load(written.file)
    onnx.checker.check_model(model, full_check=True)
    assert [(o.domain, o.version) for o in model.opset_import] == [("", OPSET)]
    (volume,) = model.graph.input
    axes = volume.type.tensor_type.shape.dim
    assert volume.name == "volume"
    assert {i: axes[i].dim_param for i in range(5) if axes[i].dim_param} == {
        0: "batch",
        2: "z",
        3: "y",
        4: "x",
    }
    assert axes[1].dim_value == 3


def test_fixed_sizes_are_the_examples(tmp_path):
    network = small("acs").eval()
    example = torch.randn(1, 3, 8, 9, 10)
    written = export_onnx(network, example, tmp_path / "n.onnx", dynamic=False)
    assert written.max_abs_difference < 1e-5
    dims = onnx.load(written.file).graph.input[0].type.tensor_type.shape.dim
    assert [d.dim_value for d in dims] == [1, 3, 8, 9, 10]


class WrongFile(nn.Module):
    """Answers otherwise each time it is asked: an export of it can not be right."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return x * self.calls


def test_the_difference_that_is_returned_is_measured(tmp_path):
    written = export_onnx(WrongFile().eval(), torch.ones(1, 1, 4, 4, 4), tmp_path / "n.onnx")
    assert written.max_abs_difference >= 1


def test_a_network_of_one_size_is_refused_and_says_what_to_do():
    example = torch.zeros(1, 3, 8, 9, 64)
    with pytest.raises(ValueError, match="dynamic=False"):
        export_program(nn.Linear(64, 2).eval(), example)
    program = export_program(nn.Linear(64, 2).eval(), example, dynamic=False)
    assert program.module()(example).shape == (1, 3, 8, 9, 2)


def test_training_mode_and_pictures_are_refused():
    with pytest.raises(ValueError, match="training mode"):
        export_program(small("acs").train(), torch.zeros(1, 3, 8, 8, 8))
    with pytest.raises(ValueError, match=r"n, c, z, y, x"):
        export_program(small("acs").eval(), torch.zeros(1, 3, 8, 8))


@pytest.mark.parametrize("missing", ["onnx", "onnxscript", "onnxruntime"])
def test_what_is_not_installed_is_named_or_done_without(missing, monkeypatch, tmp_path):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == missing else find(name)
    )
    args = small("acs").eval(), torch.randn(1, 3, 8, 8, 8), tmp_path / "n.onnx"
    if missing == "onnxruntime":
        assert export_onnx(*args).max_abs_difference is None
    else:
        with pytest.raises(ModuleNotFoundError, match=f"pip install {missing}$"):
            export_onnx(*args)


@pytest.mark.parametrize("name", ["every option", "soft", "U-Net"])
def test_copies_answer_the_same(name):
    network, channels = made(name)
    volume = torch.randn(1, channels, 40, 33, 36)
    state = io.BytesIO()
    torch.save(network.state_dict(), state)
    loaded = made(name)[0]
    with torch.no_grad():
        for p in loaded.parameters():
            p.zero_()
        loaded.load_state_dict(torch.load(io.BytesIO(state.getvalue()), weights_only=True))
        copies = {
            "deepcopy": copy.deepcopy(network),
            "pickle": pickle.loads(pickle.dumps(network)),
            "state dict": loaded,
            "trace": torch.jit.trace(network, volume, check_trace=False),
        }
        expected = network(volume)
        for way, other in copies.items():
            torch.testing.assert_close(other(volume), expected, msg=lambda m, way=way: way + m)
