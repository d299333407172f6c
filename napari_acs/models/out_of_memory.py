"""Whether an error means that memory ran out: libraries say it in words of their own."""

from __future__ import annotations

from typing import Final

import torch

_WORDS: Final = ("out of memory", "not enough memory", "failed to allocate", "can't allocate")


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an exception of torch, numpy or ITK means that memory ran out."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in text for words in _WORDS)
