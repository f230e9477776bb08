"""Point-wise spatial attention of PSANet: places send to and receive from each other by a predicted mask.

Paper: Zhao et al., "PSANet: Point-wise Spatial Attention Network for Scene Parsing", ECCV 2018, section 3,
https://openaccess.thecvf.com/content_ECCV_2018/html/Hengshuang_Zhao_PSANet_Point-wise_Spatial_ECCV_2018_paper.html
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from restore.errors import ConfigError, ShapeError


class PointwiseSpatialAttention(nn.Module):
    """Point-wise spatial attention (PSA): each place predicts, for each relative position, how much it takes or gives.

    The output has twice the channels, so it is a part and no slot. It works on a map that is `shrink` times smaller
    and predicts a mask of fixed size there; what lies outside the mask has the weight (or energy) nought. The mask
    holds mask * mask numbers a place, so memory grows with the square of the map: keep maps to 64 x 64. The batch
    normalisations cannot train on one picture that shrinks to 1x1 place.

    Formula:
        y = [x, resized(project([collect, distribute]))]
        collect[p] = 1 / N sum over q of M_p[q - p] r[q]        r = reduce(x), shrunk to N places
        distribute[q] = 1 / N sum over p of M_p[q - p] r[p]     M = attention(r), a map for each q - p

    Args:
        channels: C of the feature map.
        width: channels of the two branches; None is C / 4, as in the paper.
        direction: what the paper calls the branches, or both of them.
        mask: height and width of the mask; twice the shrunk map less one covers every relative position.
        shrink: how many times smaller the map is on which places are compared.
        compact: predict absolute positions; the shrunk map must then be of the size `mask`.
        normalization: what the gathered sums are divided by: the number of "places" that are compared as in the paper,
            those of the "mask", or a number. The authors' code has 1, and "mask" on demand.
        softmax: whether what is predicted goes through a softmax first, as in the authors' code, or is the weight
            itself, as in the paper.

    Shape:
        input: (N, C, H, W), any H and W (with `shrink` 2 the published code takes odd ones); output: (N, 2C, H, W).

    Raises:
        ConfigError: an option is below 1, `direction` or `normalization` is another word, or `normalization` is nought.
        ShapeError: the input has another C, or with `compact` another size (on forward).
    """

    def __init__(
        self,
        channels: int,
        width: int | None = None,
        direction: Literal["collect", "distribute", "both"] = "both",
        mask: tuple[int, int] = (59, 59),
        shrink: int = 2,
        compact: bool = False,
        normalization: float | Literal["places", "mask"] = "places",
        softmax: bool = False,
    ) -> None:
        super().__init__()
        width = max(channels // 4, 1) if width is None else width
        if min(channels, width, shrink, *mask) < 1 or normalization == 0:
            raise ConfigError(
                f"PointwiseSpatialAttention got channels={channels}, width={width}, mask={mask}, shrink={shrink}, "
                f"normalization={normalization}. Choose numbers from 1 on, and a normalization other than nought."
            )
        if direction not in ("collect", "distribute", "both"):
            raise ConfigError(
                f"PointwiseSpatialAttention got direction={direction!r}. Choose of collect, distribute, both."
            )
        if isinstance(normalization, str) and normalization not in ("places", "mask"):
            raise ConfigError(
                f"PointwiseSpatialAttention got normalization={normalization!r}. Choose places, mask or a number."
            )
        directions = ("collect", "distribute") if direction == "both" else (direction,)
        self.channels, self.mask, self.shrink, self.compact = channels, mask, shrink, compact
        self.divisor = float(mask[0] * mask[1]) if normalization == "mask" else normalization
        self.softmax = softmax
        self.reduce = nn.ModuleDict({name: _unit(channels, width) for name in directions})
        self.attention = nn.ModuleDict(
            {
                name: nn.Sequential(*_unit(width, width), nn.Conv2d(width, mask[0] * mask[1], 1, bias=False))
                for name in directions
            }
        )
        self.project = _unit(width * len(directions), channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, 2C, H, W)."""
        if x.dim() != 4 or x.shape[1] != self.channels:
            raise ShapeError(
                f"PointwiseSpatialAttention expects (N, {self.channels}, H, W), got {tuple(x.shape)}. "
                "Set channels to the width of the layer before it."
            )
        small = [(side - 1) // self.shrink + 1 for side in x.shape[2:]]
        if self.compact and tuple(small) != tuple(self.mask):
            raise ShapeError(
                f"PointwiseSpatialAttention compares {small} places, its mask is {self.mask}. Set mask so."
            )
        branches = [self._branch(x, small, name) for name in self.reduce]
        projected = self.project(torch.cat(branches, 1))  # (N, C, h, w)
        return torch.cat([x, _resized(projected, x.shape[2:])], 1)

    def affinity(self, reduced: Tensor, direction: str) -> Tensor:
        """Weights of a branch on the shrunk map: (N, width, h, w) -> (N, hw, hw), a row a source, a column a result."""
        predicted = self.attention[direction](reduced).flatten(2)  # (N, mask, hw)
        if not self.compact:
            predicted = self._placed(predicted, reduced)  # (N, hw, hw): [q, p] is M_p[q - p]
        energy = predicted if direction == "collect" else predicted.transpose(1, 2)
        return energy.softmax(1) if self.softmax else energy

    def _branch(self, x: Tensor, small: list[int], name: str) -> Tensor:
        reduced = _resized(self.reduce[name](x), small)  # (N, width, h, w)
        divisor = small[0] * small[1] if isinstance(self.divisor, str) else self.divisor  # the word is "places"
        return (reduced.flatten(2) @ self.affinity(reduced, name) / divisor).view(reduced.shape)

    def _placed(self, predicted: Tensor, reduced: Tensor) -> Tensor:
        """Relative positions to absolute ones, nought outside the mask: (N, mask, hw) -> (N, hw, hw)."""
        h, w = reduced.shape[2:]
        number = torch.arange(h * w, device=predicted.device)
        row, column = number // w, number % w
        down = row.unsqueeze(1) - row + (self.mask[0] - 1) // 2  # (hw, hw), in the mask from 0 on
        right = column.unsqueeze(1) - column + (self.mask[1] - 1) // 2  # (hw, hw)
        inside = (down >= 0) & (down < self.mask[0]) & (right >= 0) & (right < self.mask[1])
        at = torch.where(inside, down * self.mask[1] + right, 0).expand(len(predicted), -1, -1)  # (N, hw, hw)
        return predicted.gather(1, at).masked_fill(~inside, 0)


def _unit(channels: int, width: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU())


def _resized(x: Tensor, size: list[int] | torch.Size) -> Tensor:
    if x.shape[2:] == torch.Size(size):
        return x
    return F.interpolate(x, list(size), mode="bilinear", align_corners=True)
