"""The square root of a covariance matrix by Newton-Schulz iteration: matrix products alone, quick on a GPU.

Paper: Li et al., "Towards Faster Training of Global Covariance Pooling Networks by Iterative Matrix Square Root
Normalization", CVPR 2018, section 3.2, https://arxiv.org/abs/1712.01034
"""

from __future__ import annotations

import torch
from torch import Tensor

from restore.errors import ConfigError
from restore.layers.kept import kept


def matrix_square_root(matrix: Tensor, iterations: int = 5) -> Tensor:
    """The square root of symmetric, positive semi-definite matrices, approximately.

    Formula:
        Y = M / tr(M), Z = 1; repeated: T = (3 - Z Y) / 2, Y <- Y T, Z <- T Z; in the end sqrt(tr(M)) Y

    Few iterations leave small eigenvalues too small, which the papers found to do good. The authors divide by a trace
    of 0 where the features are flat and get NaN; here the root of 0 is 0, with gradient 0.

    Args:
        matrix: (..., C, C).
        iterations: how often; the papers have 5.

    Returns:
        (..., C, C), computed in float32 at least and given in the dtype of `matrix`.

    Raises:
        ConfigError: `iterations` is below 1.

    Example:
        >>> matrix_square_root(torch.diag(torch.tensor([4.0, 9.0])), iterations=9).diagonal().round()
        tensor([2., 3.])
    """
    if iterations < 1:
        raise ConfigError(f"matrix_square_root got iterations={iterations}. Choose 1 or more; the papers have 5.")
    with torch.autocast(matrix.device.type, enabled=False):
        precise = matrix.to(torch.promote_types(matrix.dtype, torch.float32))
        trace = precise.diagonal(dim1=-2, dim2=-1).sum(-1)[..., None, None]  # (..., 1, 1)
        trace = trace + torch.finfo(precise.dtype).tiny ** 0.5  # nothing beside a trace that is not 0
        three = _three(matrix.shape[-1], like=precise)
        normal = precise / trace
        step = (three - normal) / 2
        root, inverse = normal @ step, step
        for _ in range(iterations - 2):
            step = (three - inverse @ root) / 2
            root, inverse = root @ step, step @ inverse
        if iterations > 1:
            root = root @ (three - inverse @ root) / 2
        root = root * trace.sqrt()
    return root.to(matrix.dtype)


@kept
def _three(channels: int) -> Tensor:
    """3 on the diagonal: (C, C)."""
    return 3 * torch.eye(channels, dtype=torch.float64)
