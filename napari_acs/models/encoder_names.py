"""Which architectures of torchvision can be encoders, and why others cannot."""

from __future__ import annotations

_RESNETS = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")
_RESNEXTS = (
    *("resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d"),
    *("wide_resnet50_2", "wide_resnet101_2"),
)
_DENSENETS = ("densenet121", "densenet161", "densenet169", "densenet201")
_EFFICIENTNETS = (
    *(f"efficientnet_b{size}" for size in range(8)),
    *("efficientnet_v2_s", "efficientnet_v2_m", "efficientnet_v2_l"),
)
_MOBILE = (
    *("mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large"),
    *("mnasnet0_5", "mnasnet0_75", "mnasnet1_0", "mnasnet1_3"),
    *(f"shufflenet_v2_x{width}" for width in ("0_5", "1_0", "1_5", "2_0")),
    *("squeezenet1_0", "squeezenet1_1"),
)
REGNETS = (
    *(f"regnet_x_{size}" for size in ("400mf", "800mf", "1_6gf", "3_2gf", "8gf", "16gf", "32gf")),
    *(f"regnet_y_{size}" for size in ("400mf", "800mf", "1_6gf", "3_2gf", "8gf", "16gf", "32gf")),
)
_VGGS = tuple(f"vgg{depth}{norm}" for depth in (11, 13, 16, 19) for norm in ("", "_bn"))

_CONVNEXTS = ("convnext_tiny", "convnext_small", "convnext_base", "convnext_large")

ENCODERS = (
    *_MOBILE,
    *_RESNETS,
    *_RESNEXTS,
    *_DENSENETS,
    *_EFFICIENTNETS,
    *REGNETS,
    *_CONVNEXTS,
    *_VGGS,
    *("alexnet", "googlenet"),
)
"""Names of the torchvision architectures that can be encoders."""

NOT_ENCODERS = {
    "vit_": "a transformer: its attention has no ACS counterpart",
    "swin_": "a transformer: its attention has no ACS counterpart",
    "maxvit": "a transformer: its attention has no ACS counterpart",
    "inception_v3": "without padding: small volumes vanish in it",
    "regnet_y_128gf": "too large for volumes (644 million weights)",
}
"""How the names of others begin, and the reason."""
