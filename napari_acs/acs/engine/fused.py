"""A convolution with what follows it, computed in the way that was fastest here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from napari_acs.acs.engine import onednn
from napari_acs.acs.engine.activations import Activation
from napari_acs.acs.engine.on_gpu import OnGpu, gpu_takes
from napari_acs.acs.engine.parts import Layer
from napari_acs.acs.engine.run import Run

Chooser = Callable[["FusedConv", tuple[Tensor, ...], Tensor | None], str]
"""Takes a layer and its inputs, returns the name of the way to compute it."""


class FusedConv(nn.Module):
    """One convolution, its folded norm, a sum with another tensor, and its activation.

    Parameters
    ----------
    layer : Layer
        With weights in float32.
    activation : Activation
    dtype : torch.dtype
        What to compute in.
    choose : Chooser
        Asked on the first input; from then on the way is fixed.
    """

    def __init__(
        self, layer: Layer, activation: Activation, dtype: torch.dtype, choose: Chooser
    ) -> None:
        super().__init__()
        self.activation, self.dtype = activation, dtype
        self._layer: Layer | None = layer
        self._choose = choose
        self._run: Run | OnGpu | None = None
        self.way = ""

    def extra_repr(self) -> str:
        """Return what was chosen."""
        return f"way={self.way!r}, activation={self.activation.name}"

    @property
    def layer(self) -> Layer:
        """The layer, until a way was chosen; its weights are let go then."""
        if self._layer is None:
            raise RuntimeError(f"the way is chosen: {self.way}")
        return self._layer

    def forward(self, *inputs: Tensor, residual: Tensor | None = None) -> Tensor:
        """Convolve the concatenation of the inputs, (n, c, z, y, x) each; add; activate."""
        # A constant in float32 may have widened what reaches this layer.
        inputs = tuple(x.to(self.dtype) for x in inputs)
        if self._run is None:
            self.way = self._choose(self, inputs, residual)
            self._run = self.ready(self.way, inputs)
            self._layer = None
        return self._run(inputs, residual)

    def ways(self, inputs: tuple[Tensor, ...]) -> Iterator[str]:
        """Yield the names of the ways to compute this layer for such inputs."""
        if gpu_takes(self.layer.acs, inputs, self.activation):
            yield "gpu"
        for name, parts in self.layer.ways.items():
            if inputs[0].device.type != "cpu" or not onednn.available(self.dtype):
                yield f"{name}, torch"
                continue
            yield f"{name}, onednn"  # the same convolution, so never slower than torch's
            if len(inputs) > 1 and all(part.groups == 1 for part in parts()):
                yield f"{name}, onednn, apart"

    def ready(self, way: str, inputs: tuple[Tensor, ...]) -> Run | OnGpu:
        """Return the function that computes the layer in this way, with weights prepared."""
        name, *how = way.split(", ")
        if name == "gpu":
            assert self.layer.acs is not None
            return OnGpu(self.layer.acs, self.activation, inputs)
        parts = self.layer.ways[name]()
        return Run(parts, self.layer, self.activation, self.dtype, how, inputs)
