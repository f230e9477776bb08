"""Stochastic depth: in training, branches of a residual network are left out at random.

Paper: Huang et al., "Deep Networks with Stochastic Depth", ECCV 2016, section 3, https://arxiv.org/abs/1603.09382;
whole branches picture by picture, and scaled in training instead of in use, as in Swin Transformer's code.
"""

from __future__ import annotations

from torch import Tensor, nn

from restore.errors import ConfigError


class StochasticDepth(nn.Module):
    """Puts nought in the place of a picture's branch with probability `rate`, else divides it by 1 - `rate`.

    In evaluation it returns its input. Chance comes from torch's own generator, as in `nn.Dropout`.

    Args:
        rate: from 0 (never) to below 1.

    Shape:
        input and output: (N, ...).

    Raises:
        ConfigError: `rate` is out of range.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        if not 0 <= rate < 1:
            raise ConfigError(f"StochasticDepth got rate={rate}. Give a number from 0 to below 1.")
        self.rate = rate

    def forward(self, branch: Tensor) -> Tensor:
        """(N, ...) -> (N, ...)."""
        if not self.training or self.rate == 0:
            return branch
        stays = branch.new_empty(len(branch), *[1] * (branch.dim() - 1)).bernoulli_(1 - self.rate)
        return branch * (stays / (1 - self.rate))
