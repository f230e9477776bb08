"""What every attention module promises.

The field's own two families: a recalibration multiplies what is there by a gate, a representation
gathers from elsewhere by an affinity (Hu et al., CVPR 2018; Wang et al., CVPR 2018).
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from restore.errors import ConfigError, ShapeError


class Attention(nn.Module, ABC):
    """A module that keeps the shape of a feature map.

    Args:
        channels: C of the feature map.

    Attributes:
        context: pixels around a place that its result depends on, what is gathered over the whole map (means,
            non-local sums) apart; networks add it to their own, for tiling.
        sees_whole_map: whether it also gathers over the whole map, so that tiles of a picture change its result. What
            it pools by `restore.layers.GlobalPool` or its like turns local by `restore.inference.with_local_pooling`.
        starts_as_identity: whether a freshly built module returns its input, as papers with a zero-init have it.

    Shape:
        input and output: (N, C, H, W), any H and W from 1.

    Raises:
        ConfigError: `channels` is below 1.
        ShapeError: the input has another C or another number of axes (on forward).
    """

    context: int = 0
    sees_whole_map: bool = False
    starts_as_identity: bool = False

    def __init__(self, channels: int) -> None:
        super().__init__()
        if channels < 1:
            raise ConfigError(f"{type(self).__name__} got channels={channels}. Give the C of the layer before it.")
        self.channels = channels

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W); the input is left alone."""

    def check(self, x: Tensor) -> None:
        """Raise ShapeError unless `x` is (N, channels, H, W)."""
        if x.dim() != 4 or x.shape[1] != self.channels:
            got = tuple(x.shape)
            raise ShapeError(
                f"{type(self).__name__} expects (N, {self.channels}, H, W), got {got}. "
                "Set channels to the width of the layer before it."
            )


class Recalibration(Attention):
    """Attention that multiplies what is there by a gate."""

    @abstractmethod
    def gate(self, x: Tensor) -> Tensor:
        """The gate of `x`, broadcastable to (N, C, H, W)."""

    def combine(self, x: Tensor, gate: Tensor) -> Tensor:
        """How the gate acts: a product unless the paper says otherwise."""
        return x * gate

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        self.check(x)
        return self.combine(x, self.gate(x))


class Representation(Attention):
    """Attention that gathers from other places (or other channels) by an affinity."""

    @abstractmethod
    def affinity(self, x: Tensor, at: tuple[int, int] | None = None) -> Tensor:
        """How much each place counts, for explanation and tests: built in full, where `forward` avoids that.

        Args:
            x: feature map (N, C, H, W).
            at: (y, x) of one query.

        Returns:
            (N, heads, HW, K), a row a query, K places of the key map (HW unless keys are sub-sampled; places that a
            query cannot see are nought); forms over channels (N, heads, C, C). With `at`, the row of that query as a
            map (N, heads, h, w) of the keys; forms over channels have no place and return the same.
        """

    @abstractmethod
    def gather(self, x: Tensor, affinity: Tensor) -> Tensor:
        """The plain road: what `forward` returns, by the affinity in full; (N, C, H, W) -> (N, C, H, W).

        `gather(x, affinity(x))` equals `forward(x)` to rounding.
        """


class NoAttention(Attention):
    """The control: returns its input. Use it for the row 'without attention' of an ablation.

    Formula:
        y = x
    """

    starts_as_identity = True

    def forward(self, x: Tensor) -> Tensor:
        """Return `x`."""
        self.check(x)
        return x


def no_attention(channels: int) -> Attention:
    """The default of networks whose paper has no attention."""
    return NoAttention(channels)
