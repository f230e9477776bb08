"""SAN and RNAN with the plain form of their attention, to measure ours against: the matrix of all pairs is built."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from restore.attention import CovariancePooling, NonLocalAttention


def make_plain(network: nn.Module) -> None:
    """Let every non-local block build its affinity, and every covariance be centred by a matrix of all places.

    The weights stay, and the result is the same.
    """
    for module in network.modules():
        if isinstance(module, NonLocalAttention):
            module.forward = partial(_all_pairs, module)
        elif isinstance(module, CovariancePooling):
            module.forward = plain_covariance


def _all_pairs(module: NonLocalAttention, x: Tensor) -> Tensor:
    return module.gather(x, module.affinity(x))


def plain_covariance(x: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, C, C), as the papers write it: X (I / HW - 1 / HW^2) X^T."""
    places = x.flatten(2)  # (N, C, HW)
    number = places.shape[2]
    center = torch.eye(number, dtype=x.dtype, device=x.device) / number - 1 / number**2
    return places @ center @ places.transpose(1, 2)
