"""Torchvision's own ImageNet weights: what is downloaded, and what is in torch's cache already."""

from __future__ import annotations

import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import torch

from napari_acs.errors import BadInput
from napari_acs.models import encoders
from napari_acs.models.encoders import trunk_2d
from napari_acs.models.imports import import_model


class _Bomb:
    def __init__(self, sign: Path) -> None:
        self.sign = sign

    def __reduce__(self):
        return os.mkdir, (str(self.sign),)


@pytest.fixture
def cached(tmp_path, monkeypatch) -> Path:
    """Where torch looks for MobileNetV2's weights before it downloads them."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    file = tmp_path / "home" / "hub" / "checkpoints" / "mobilenet_v2-7ebf99e0.pth"
    file.parent.mkdir(parents=True)
    return file


def test_a_file_in_the_cache_that_is_not_torchvisions_is_refused_and_runs_nothing(cached, tmp_path):
    torch.save({"a": _Bomb(tmp_path / "went-off")}, cached)
    for ask in (
        lambda: trunk_2d("mobilenet_v2", pretrained=True),
        lambda: import_model("torchvision:mobilenet_v2", tmp_path / "models"),
    ):
        with pytest.raises(BadInput, match=r"mobilenet_v2-7ebf99e0.*Delete it") as refusal:
            ask()
        assert "expected 7ebf99e0" in refusal.value.sentence()
    assert not (tmp_path / "went-off").exists()


def test_eight_digits_can_be_forged_but_what_would_run_is_refused_still(
    cached, tmp_path, monkeypatch
):
    torch.save({"a": _Bomb(tmp_path / "went-off")}, cached)
    monkeypatch.setattr(encoders, "sha256_of", lambda _: "7ebf99e0" + 56 * "0")
    with pytest.raises(BadInput, match="could not be had"):
        trunk_2d("mobilenet_v2", pretrained=True)
    assert not (tmp_path / "went-off").exists()


@pytest.mark.parametrize("announced", [4, 1000], ids=["another file", "cut short"])
def test_a_download_that_is_not_the_file_leaves_nothing(cached, monkeypatch, announced):
    class Serving(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(announced))
            self.end_headers()
            self.wfile.write(b"evil")

        def log_message(self, *_) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Serving)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    fetch = torch.hub.download_url_to_file

    def from_here(_url, *args, **more):
        fetch(f"http://127.0.0.1:{server.server_port}/", *args, **more)

    monkeypatch.setattr(torch.hub, "download_url_to_file", from_here)
    try:
        with pytest.raises(BadInput, match="could not be had"):
            trunk_2d("mobilenet_v2", pretrained=True)
    finally:
        server.shutdown()
        server.server_close()
    assert list(cached.parent.iterdir()) == []
