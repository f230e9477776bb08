"""Small constants that depend on sizes alone, made once instead of in every forward."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor


class Kept(Protocol):
    """What `kept` gives."""

    def __call__(self, *sizes: int, like: Tensor) -> Tensor:
        """The constant of these sizes, of the type and on the device of `like`."""


def kept(make: Callable[..., Tensor]) -> Kept:
    """Keep what `make(*sizes)` gives, a type and a device apart, the last 64 of them.

    A module holds nothing of it, so that copies and states stay as they are. While a graph is compiled, or tensors
    without memory are counted, nothing is kept: the constant belongs to the graph then.

    Args:
        make: gives a float64 tensor on the CPU; what it gives is not to be written to.
    """

    def made(sizes: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
        return make(*sizes).to(device=device, dtype=dtype)

    # what is kept may be needed with gradients later
    remembered = lru_cache(maxsize=64)(torch.inference_mode(False)(made))

    def get(*sizes: int, like: Tensor) -> Tensor:
        if torch.compiler.is_compiling() or isinstance(like, FakeTensor):
            return made(sizes, like.dtype, like.device)
        return remembered(sizes, like.dtype, like.device)

    return get
