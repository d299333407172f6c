import subprocess
import sys
import textwrap

import pytest

from napari_acs.models.software_opengl import keep_triton_out


@pytest.fixture
def no_triton(monkeypatch):
    monkeypatch.delitem(sys.modules, "triton", raising=False)


@pytest.mark.usefixtures("no_triton")
def test_triton_is_left_alone_without_mesa(tmp_path):
    (tmp_path / "maps").write_text("7f00 r-xp /usr/lib/libc.so.6\n")
    assert not keep_triton_out(tmp_path / "maps")
    assert not keep_triton_out(tmp_path / "absent")
    assert "triton" not in sys.modules


@pytest.mark.usefixtures("no_triton")
def test_triton_cannot_be_imported_beside_mesa(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "triton", None)
    del sys.modules["triton"]
    (tmp_path / "maps").write_text("7f00 r-xp /usr/lib/x86_64-linux-gnu/libLLVM-15.so.1\n")
    assert keep_triton_out(tmp_path / "maps")
    with pytest.raises(ImportError):
        __import__("triton")


@pytest.mark.skipif(sys.platform != "linux", reason="Mesa's llvmpipe is a matter of Linux")
def test_a_network_is_built_in_a_process_that_has_drawn_with_opengl():
    """Segmentation fault without the guard, where triton is installed and OpenGL is Mesa's."""
    script = """
        import napari
        from qtpy.QtWidgets import QApplication
        viewer = napari.Viewer()
        QApplication.processEvents()
        from napari_acs.models.encoders import Encoder
        Encoder("squeezenet1_1", 4)
        viewer.close()
        print("alive")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip().endswith("alive"), (done.returncode, done.stderr[-2000:])
