"""The network that finds the brain: deepbet's 3D LinkNet, in plain torch.

Fisch et al. 2024 (doi 10.1016/j.compbiomed.2024.108845), after LinkNet (Chaurasia and
Culurciello 2017). Written anew from the TorchScript of deepbet 1.0.2 (MIT); the modules bear its
names, so that its weights fit as they are.
"""

from __future__ import annotations

from torch import Tensor, nn


class BrainNetwork(nn.Module):
    """Tell the brain from the rest of a head.

    Maps (n, 1, x, y, z) to (n, 2, x, y, z): the probabilities of "not brain" and "brain". Axes
    run to the right, front and top (RAS), and every size is a multiple of 32:
    it is halved five times and doubled again.
    """

    def __init__(self) -> None:
        super().__init__()
        self.init = nn.Sequential(
            nn.Conv3d(1, 16, 7, stride=2, padding=3, bias=False),
            nn.InstanceNorm3d(16),
            nn.ReLU(inplace=True),
            nn.MaxPool3d(3, stride=2, padding=1),
        )
        self.down0 = _Down(16, 16, stride=1)
        self.down1 = _Down(16, 32)
        self.down2 = _Down(32, 64)
        self.down3 = _Down(64, 128)
        self.up0 = _Up(128, 64)
        self.up1 = _Up(64, 32)
        self.up2 = _Up(32, 16)
        self.up3 = _Up(16, 16, stride=1)
        self.tp_conv1 = _spread(16, 8, bias=True)
        self.conv = nn.Sequential(
            nn.Conv3d(8, 8, 3, padding=1), nn.InstanceNorm3d(8), nn.ReLU(inplace=True)
        )
        self.tp_conv2 = nn.ConvTranspose3d(8, 2, 2, stride=2)

    def forward(self, head: Tensor) -> Tensor:
        """Return the two probabilities of every voxel."""
        start = self.init(head)
        quarter = self.down0(start)
        eighth = self.down1(quarter)
        sixteenth = self.down2(eighth)
        features = self.up0(self.down3(sixteenth)) + sixteenth
        features = self.up1(features) + eighth
        features = self.up2(features) + quarter
        features = self.up3(features) + start
        logits: Tensor = self.tp_conv2(self.conv(self.tp_conv1(features)))
        return logits.softmax(dim=1)


class _Block(nn.Module):
    """Two convolutions beside a shortcut (He et al. 2016)."""

    def __init__(self, old: int, new: int, stride: int = 1) -> None:
        super().__init__()
        self.double_conv = nn.Sequential(
            nn.Conv3d(old, new, 3, stride=stride, padding=1, bias=False),
            nn.InstanceNorm3d(new),
            nn.ReLU(inplace=True),
            nn.Conv3d(new, new, 3, padding=1, bias=False),
            nn.InstanceNorm3d(new),
        )
        self.downsample: nn.Module = nn.Identity()
        if old != new:
            self.downsample = nn.Sequential(
                nn.Conv3d(old, new, 1, stride=stride, bias=False), nn.InstanceNorm3d(new)
            )

    def forward(self, x: Tensor) -> Tensor:
        shortcut = self.downsample(x)
        total: Tensor = self.double_conv(x).add_(shortcut)
        return total.relu_()


class _Down(nn.Module):
    def __init__(self, old: int, new: int, stride: int = 2) -> None:
        super().__init__()
        self.block1 = _Block(old, new, stride)
        self.block2 = _Block(new, new)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.block2(self.block1(x))
        return out


class _Up(nn.Module):
    """A narrow bottleneck round a transposed convolution."""

    def __init__(self, old: int, new: int, stride: int = 2) -> None:
        super().__init__()
        narrow = old // 4
        self.conv1 = _mix(old, narrow)
        self.tp_conv = _spread(narrow, narrow, stride)
        self.conv2 = _mix(narrow, new)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv2(self.tp_conv(self.conv1(x)))
        return out


def _mix(old: int, new: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv3d(old, new, 1, bias=False), nn.InstanceNorm3d(new), nn.ReLU(inplace=True)
    )


def _spread(old: int, new: int, stride: int = 2, *, bias: bool = False) -> nn.Sequential:
    return nn.Sequential(
        nn.ConvTranspose3d(
            old, new, 3, stride=stride, padding=1, output_padding=stride - 1, bias=bias
        ),
        nn.InstanceNorm3d(new),
        nn.ReLU(inplace=True),
    )
