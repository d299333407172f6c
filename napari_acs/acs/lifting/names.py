"""Names of functions and methods that a forward may call, and what becomes of them for volumes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from napari_acs.acs.averages import avg_pool3d


def max_pool3d(*args: Any, **kwargs: Any) -> Any:
    """Call torch's, which itself cannot be pickled."""
    return F.max_pool3d(*args, **kwargs)


def adaptive_max_pool3d(*args: Any, **kwargs: Any) -> Any:
    """Call torch's, which itself cannot be pickled."""
    return F.adaptive_max_pool3d(*args, **kwargs)


def dropout3d(x: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Drop whole channels, as ``dropout2d`` does."""
    return F.dropout3d(x, p, training, inplace)


POOLS: dict[str, Callable[..., Any]] = {
    "adaptive_avg_pool2d": F.adaptive_avg_pool3d,
    "adaptive_max_pool2d": adaptive_max_pool3d,
    "avg_pool2d": avg_pool3d,
    "max_pool2d": max_pool3d,
    "dropout2d": dropout3d,
    "feature_dropout": dropout3d,
}
"""Name of a 2D function to its 3D one; pairs among their arguments become triples."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ANY_AXES = (
    _words(  # element by element
        "abs add sub mul div truediv floordiv mod neg pow iadd isub imul itruediv exp log sqrt "
        "rsqrt relu relu6 leaky_relu prelu rrelu elu selu celu gelu silu mish sigmoid logsigmoid "
        "tanh hardtanh hardswish hardsigmoid softplus softsign clamp clip clamp_min clamp_max "
        "minimum maximum square erf sin cos where masked_fill dropout alpha_dropout bernoulli"
    )
    | _words(  # by channel
        "batch_norm group_norm instance_norm channel_shuffle local_response_norm "
        "feature_alpha_dropout"
    )
    # On the last axis, which is the channels where a 2D network says so.
    | _words("linear layer_norm rms_norm")
    | _words(  # by shape, of whatever length
        "contiguous clone detach float half bfloat16 double to type type_as expand_as view_as "
        "reshape_as requires_grad zeros_like ones_like rand_like empty_like size dim ndimension "
        "numel is_contiguous stochastic_depth"
    )
    | _words("eq ne lt le gt ge _assert")
)
"""Names that mean the same whatever the number of spatial axes."""

ALONG = _words(
    "cat concat concatenate chunk split tensor_split softmax log_softmax glu normalize narrow "
    "select index_select unbind stack cumsum argmax"
)
"""Names that mean the same where their ``dim`` is the batch's or the channels'."""

WHERE_DIM: dict[str, tuple[int, int | None]] = {
    **dict.fromkeys(("cat", "concat", "concatenate", "stack", "unbind"), (1, 0)),
    **dict.fromkeys(("softmax", "log_softmax", "cumsum", "narrow"), (1, None)),
    **dict.fromkeys(("select", "index_select", "argmax"), (1, None)),
    "glu": (1, -1),
    "chunk": (2, 0),
    "split": (2, 0),
    "tensor_split": (2, 0),
    "normalize": (2, 1),
}
"""Name to the position of its ``dim`` among the arguments, and what it is when not given."""

ATTENTION = _words("scaled_dot_product_attention multi_head_attention_forward")

NO_COUNTERPART = _words("grid_sample affine_grid unfold fold pixel_unshuffle")

AVERAGES = _words("mean amax amin")
"""Reductions that a volume constant along z has the same of as the picture."""

TAKES_SIZES = _words(
    "view reshape expand repeat zeros ones empty full rand randn new_zeros new_ones new_empty "
    "new_full broadcast_to interpolate upsample"
) | set(POOLS)
"""Names that take the sides of a picture."""

ATTRIBUTES = _words("shape dtype device ndim requires_grad is_cuda training")
"""What may be read of a tensor whatever the number of its axes."""

ARITHMETIC = _words("add sub mul div truediv pow iadd isub imul itruediv maximum minimum where")
"""Names whose arguments are broadcast against each other."""

INTERPOLATE = (
    *("size", "scale_factor", "mode", "align_corners"),
    *("recompute_scale_factor", "antialias"),
)
"""Arguments of ``interpolate`` after the first, in order."""
