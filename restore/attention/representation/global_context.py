"""The global context block of GCNet: non-local attention with one set of weights for all queries.

Paper: Cao et al., "GCNet: Non-local Networks Meet Squeeze-Excitation Networks and Beyond", ICCVW 2019, section 3.4,
https://arxiv.org/abs/1904.11492
"""

from __future__ import annotations

from typing import Literal, cast

from torch import Tensor, nn

from restore.attention.base import Representation
from restore.attention.representation.softmax import gather_by
from restore.errors import ConfigError


class GlobalContext(Representation):
    """Sums all places by one softmax map, transforms the sum, and adds it to every place.

    Formula:
        y = x + excite(relu(norm(squeeze(sum over places of softmax(weigh(x)) * x)))), excite = 0 at the start

    Args:
        channels: C of the feature map.
        reduction: how many times the bottleneck is narrower than C, from 1 to C. The paper goes from 32 to 4, its best.
            A bottleneck of one channel lets nothing through: the layer norm takes it away.
        pooling: "attention", or "average": every place counts alike, and nothing is learned about where to look.
        fusion: "add"; "scale": the transformed sum is the gate sigmoid(.) of each channel, a half at the start;
            "both": first scale, then add, each by a transform of its own.

    Attributes:
        starts_as_identity: true where the fusion is "add".

    Shape:
        input and output: (N, C, H, W); the affinity is (N, 1, HW, HW), all rows the same.

    Raises:
        ConfigError: `reduction` is below 1 or above `channels`; another `pooling` or `fusion`.
        ShapeError: the input has another C (on forward).
    """

    starts_as_identity = True
    sees_whole_map = True

    def __init__(
        self,
        channels: int,
        reduction: int = 4,
        pooling: Literal["attention", "average"] = "attention",
        fusion: Literal["add", "scale", "both"] = "add",
    ) -> None:
        super().__init__(channels)
        if not 1 <= reduction <= channels:
            raise ConfigError(
                f"GlobalContext({channels}) got reduction={reduction}. Choose it between 1 and {channels}."
            )
        if pooling not in ("attention", "average"):
            raise ConfigError(f"GlobalContext got pooling={pooling!r}. Choose attention or average.")
        if fusion not in ("add", "scale", "both"):
            raise ConfigError(f"GlobalContext got fusion={fusion!r}. Choose add, scale or both.")
        self.starts_as_identity = fusion == "add"
        self.weigh = _weigh(channels) if pooling == "attention" else None
        self.scale = None if fusion == "add" else _Transform(channels, channels // reduction)
        self.add = None if fusion == "scale" else _Transform(channels, channels // reduction)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W), without the HW x HW matrix."""
        self.check(x)
        if self.weigh is None:
            return self._fuse(x, x.mean((2, 3), keepdim=True))  # (N, C, 1, 1)
        return self._fuse(x, gather_by(self._weights(x), x, (1, 1)))  # (N, C, 1, 1)

    def affinity(self, x: Tensor, at: tuple[int, int] | None = None) -> Tensor:
        """(N, 1, HW, HW), rows that add up to one and are all the same; with `at`, (N, 1, H, W)."""
        self.check(x)
        weights = self._weights(x)  # (N, 1, HW)
        if at is not None:
            return weights.unflatten(2, x.shape[2:])
        return weights.unsqueeze(1).expand(-1, -1, weights.shape[2], -1)

    def gather(self, x: Tensor, affinity: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        return self._fuse(x, gather_by(affinity[:, 0], x, x.shape[2:]))

    def _weights(self, x: Tensor) -> Tensor:
        if self.weigh is None:
            return x.new_full((x.shape[0], 1, x.shape[2] * x.shape[3]), 1 / (x.shape[2] * x.shape[3]))
        return self.weigh(x).flatten(2).softmax(2)

    def _fuse(self, x: Tensor, context: Tensor) -> Tensor:
        """`context` is (N, C, 1, 1), or (N, C, H, W) where every place has its own."""
        if self.scale is not None:
            x = x * self.scale(context).sigmoid()
        if self.add is not None:
            x = x + self.add(context)
        return x


class _Transform(nn.Module):
    """The bottleneck: what a context becomes, each place by itself."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, width, 1)
        self.norm = nn.LayerNorm((width, 1, 1))
        self.excite = nn.Conv2d(width, channels, 1)
        for parameter in self.excite.parameters():
            nn.init.zeros_(parameter)

    def forward(self, context: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C, h, w)."""
        n, _, h, w = context.shape
        places = self.squeeze(context).permute(0, 2, 3, 1).flatten(0, 2)[:, :, None, None]  # (Nhw, C/r, 1, 1)
        places = self.norm(places).relu()
        return self.excite(places.reshape(n, h, w, -1).permute(0, 3, 1, 2))  # (N, C, h, w)


def _weigh(channels: int) -> nn.Conv2d:
    conv = nn.Conv2d(channels, 1, 1)
    nn.init.kaiming_normal_(conv.weight)
    nn.init.constant_(cast(Tensor, conv.bias), 0)
    return conv
