"""When the GPU kernel is offered, and when it is not; no GPU and no triton is asked for."""

import subprocess
import sys

import pytest
import torch

from napari_acs.acs import ACSConv3d
from napari_acs.acs.gpu import FusedACSConv3d, KernelDiffers, available, offer, supports

MODULE = sys.modules["napari_acs.acs.gpu.offer"]  # whose name the function has in the package
LAYER = ACSConv3d(4, 8, 3, padding=1)
X = torch.zeros(1, 4, 5, 6, 7)


def test_importing_the_library_loads_no_triton():
    code = "import sys, napari_acs.acs.gpu; sys.exit('triton' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("layer", "x", "activation", "word"),
    [
        (ACSConv3d(4, 8, 3, groups=2), X, "none", "groups=2"),
        (ACSConv3d(4, 8, 3, padding=1, padding_mode="reflect"), X, "none", "reflect"),
        (LAYER, X, "tanh", "'tanh'"),
        (LAYER, X.double(), "none", "float64"),
        (LAYER, X[:, :3], "none", r"takes \(n, 4"),
        (LAYER, X[0], "none", r"takes \(n, 4"),
        (LAYER, X[:0], "none", r"takes \(n, 4"),
        (ACSConv3d(4, 8, 7), X, "none", "too small"),
        (LAYER, X, "relu", "on cpu, not on a CUDA GPU"),
    ],
)
def test_what_is_not_supported_is_named(layer, x, activation, word):
    reason = supports(layer, x, activation)
    assert reason is not None
    with pytest.raises(AssertionError, match=word):
        raise AssertionError(reason)
    assert offer(layer, x, activation) == reason


def test_triton_is_not_imported_after_software_opengl(monkeypatch, tmp_path):
    maps = tmp_path / "maps"
    maps.write_text("7f00 r-xp /usr/lib/x86_64-linux-gnu/libc.so.6\n")
    monkeypatch.setattr(available.importlib.util, "find_spec", lambda name: object())
    monkeypatch.delitem(sys.modules, "triton", raising=False)
    assert available.why_no_triton(maps) is None
    maps.write_text("7f00 r-xp /usr/lib/x86_64-linux-gnu/libLLVM-15.so.1\n")
    assert "libLLVM" in available.why_no_triton(maps)
    assert available.why_no_triton(tmp_path / "not Linux") is None
    monkeypatch.setitem(sys.modules, "triton", object())  # it came first: no harm is done
    assert available.why_no_triton(maps) is None
    monkeypatch.setitem(sys.modules, "triton", None)
    assert "kept out" in available.why_no_triton(tmp_path / "not Linux")


def test_a_process_without_triton_says_so(monkeypatch):
    monkeypatch.delitem(sys.modules, "triton", raising=False)
    monkeypatch.setattr(available.importlib.util, "find_spec", lambda name: None)
    assert "not installed" in available.why_no_triton()


@pytest.fixture
def a_kernel(monkeypatch):
    """Let the CPU pass for a GPU whose kernel is the function that the test hands in."""

    def install(kernel):
        monkeypatch.setattr(MODULE, "why_not_on", lambda x: None)
        monkeypatch.setattr(MODULE, "why_no_triton", lambda: None)

        def run(x, packed, out=None):
            y = kernel(x)
            return y if out is None else out.copy_(y.permute(0, 2, 3, 4, 1)).permute(0, 4, 1, 2, 3)

        monkeypatch.setattr(MODULE, "acs_conv3d", run)

    return install


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@torch.no_grad()
def test_a_right_kernel_is_offered(a_kernel, dtype, recwarn):
    rounded = ACSConv3d(4, 8, 3, padding=1)
    rounded.load_state_dict({k: v.to(dtype) for k, v in LAYER.state_dict().items()})
    rounded.bias.copy_(LAYER.bias)
    a_kernel(lambda x: torch.relu(rounded(x.float())).to(dtype))
    fused = offer(LAYER, X.to(dtype), "relu")
    assert isinstance(fused, FusedACSConv3d)
    assert not [w for w in recwarn if w.category is KernelDiffers]
    x = torch.randn(1, 4, 9, 5, 6)
    torch.testing.assert_close(
        fused(x.to(dtype)).float(), torch.relu(LAYER(x)), rtol=0.02, atol=0.02
    )


def one_voxel_off(x):
    y = LAYER(x)
    y[0, 7, -1, -1, -1] += 1e-3
    return y


def one_voxel_unwritten(x):
    y = LAYER(x)
    y[0, 7, -1, -1, -1] = float("nan")
    return y


def crashes(x):
    raise RuntimeError("out of resource")


@pytest.mark.parametrize("kernel", [one_voxel_off, one_voxel_unwritten, crashes])
@torch.no_grad()
def test_a_wrong_kernel_is_never_offered(a_kernel, kernel):
    a_kernel(kernel)
    with pytest.warns(KernelDiffers, match="not used"):
        answer = offer(LAYER, X)
    assert isinstance(answer, str) and "not used" in answer


def test_the_fused_layer_refuses_to_lose_a_gradient(a_kernel):
    a_kernel(LAYER)
    fused = offer(LAYER, X)
    with pytest.raises(RuntimeError, match="no gradient"):
        fused(X.clone().requires_grad_())
