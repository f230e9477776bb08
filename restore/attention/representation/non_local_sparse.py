"""Non-local sparse attention of NLSN: a place gathers from places that hash alike, not from all.

Paper: Mei et al., "Image Super-Resolution with Non-Local Sparse Attention", CVPR 2021, section 3,
https://openaccess.thecvf.com/content/CVPR2021/html/Mei_Image_Super-Resolution_With_Non-Local_Sparse_Attention_CVPR_2021_paper.html
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from restore.attention.base import Representation
from restore.errors import ConfigError

_MOST_BUCKETS = 128


class NonLocalSparseAttention(Representation):
    """Adds a softmax over the places in the same and the two adjacent chunks of a sort by hash, over several hashes.

    Formula:
        y_i = x_i + residual_scale * sum_r sum_j exp(s_ij) value(x_j) / sum_r sum_j exp(s_ij),
        s_ij = query(x_i) . query(x_j) / |query(x_j)|,  j in the chunks of round r beside and around that of i

    In each round a place's bucket is the axis, of a random rotation of its query, that the query is nearest to
    (spherical locality-sensitive hashing). Places are sorted by bucket and cut into chunks of one size; the rounds'
    softmaxes are fused by their normalisers, which makes one softmax over all rounds.

    Where the authors' code differs: it draws the rotations anew at every forward, so that no result comes twice (here
    they are a buffer, drawn once from `seed`); it fills the last chunk by repeating places and lets the first and last
    chunk be adjacent, so that some places count twice (here neither).

    Args:
        channels: C of the feature map.
        reduction: how many times the query is narrower than C.
        chunk: places in a chunk.
        rounds: how many hashes.
        residual_scale: factor of what is gathered.
        seed: of the rotations.

    Shape:
        input and output: (N, C, H, W).

    Raises:
        ConfigError: `reduction`, `chunk` or `rounds` is below 1, or `seed` below 0.
        ShapeError: the input has another C (on forward).
    """

    rotations: Tensor
    context = 1  # of the 3x3 convolution; the rest is over the whole map
    sees_whole_map = True

    def __init__(
        self,
        channels: int,
        reduction: int = 4,
        chunk: int = 144,
        rounds: int = 4,
        residual_scale: float = 1.0,
        seed: int = 0,
    ) -> None:
        super().__init__(channels)
        for name, number in (("reduction", reduction), ("chunk", chunk), ("rounds", rounds)):
            if number < 1:
                raise ConfigError(f"NonLocalSparseAttention got {name}={number}. Choose 1 or more.")
        if seed < 0:
            raise ConfigError(f"NonLocalSparseAttention got seed={seed}. Choose 0 or more.")
        self.chunk = chunk
        self.residual_scale = residual_scale
        width = max(1, channels // reduction)
        self.query = nn.Conv2d(channels, width, 3, padding=1)
        self.value = nn.Conv2d(channels, channels, 1)
        rotations = torch.randn(rounds, width, _MOST_BUCKETS // 2, generator=torch.Generator().manual_seed(seed))
        self.register_buffer("rotations", rotations)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        self.check(x)
        query, value = self._query_and_value(x)
        gathered, normalizer = torch.zeros_like(value), torch.zeros_like(value[..., :1])
        with torch.autocast(x.device.type, enabled=False):  # a normaliser of few digits would spoil the sum
            for order in self._orders(query):
                seen, weight = self._one_round(query, value, order)
                gathered, normalizer = gathered + seen, normalizer + weight
        return self._output(x, gathered / normalizer)

    def affinity(self, x: Tensor, at: tuple[int, int] | None = None) -> Tensor:
        """(N, C, H, W) -> (N, 1, HW, HW), nought where no round puts the two near; with `at`, (N, 1, H, W)."""
        self.check(x)
        everywhere, _ = self._query_and_value(x)
        query, here = everywhere, slice(None)
        if at is not None:
            place = at[0] * x.shape[3] + at[1]
            here = slice(place, place + 1)
            query = everywhere[:, here]
        weight = (query @ _unit(everywhere).mT - _length(query)).exp()  # (N, HW or 1, HW)
        chunks = [order.argsort(dim=1) // self.chunk for order in self._orders(everywhere)]  # (N, HW) a round
        times = sum((one[:, here].unsqueeze(2) - one.unsqueeze(1)).abs() <= 1 for one in chunks)
        weight = weight * times
        weight = (weight / weight.sum(dim=2, keepdim=True)).to(x.dtype).unsqueeze(1)
        return weight if at is None else weight.unflatten(3, x.shape[2:]).squeeze(2)

    def gather(self, x: Tensor, affinity: Tensor) -> Tensor:
        """(N, C, H, W) and (N, 1, HW, HW) -> (N, C, H, W)."""
        _, value = self._query_and_value(x)
        return self._output(x, affinity.squeeze(1).to(value.dtype) @ value)

    def _query_and_value(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C, H, W) -> (N, HW, C/r) and (N, HW, C), in float32 at least."""
        dtype = torch.promote_types(x.dtype, torch.float32)
        query, value = self.query(x).to(dtype), self.value(x).to(dtype)
        return query.flatten(2).mT, value.flatten(2).mT

    def _orders(self, query: Tensor) -> list[Tensor]:
        """Places sorted by bucket, (N, HW) for each round; those of one bucket keep the order of the picture."""
        query = query.detach()
        buckets = query.shape[1] // self.chunk
        buckets = min(max(buckets + buckets % 2, 2), _MOST_BUCKETS)
        orders = []
        for rotation in self.rotations.to(query.dtype):
            rotated = query @ rotation[:, : buckets // 2]  # (N, HW, buckets/2)
            code = torch.cat([rotated, -rotated], dim=2).argmax(dim=2)  # (N, HW)
            orders.append(code.argsort(dim=1, stable=True))
        return orders

    def _one_round(self, query: Tensor, value: Tensor, order: Tensor) -> tuple[Tensor, Tensor]:
        """Return sum_j exp(s_ij - |query_i|) value_j, (N, HW, C), and the sum of the weights, (N, HW, 1).

        |query_i| is the largest logit there can be, as keys have length 1. So a further key of that logit in each
        chunk, with a value of its own channel, brings the normaliser out of the fused kernel: that channel is
        3 / (3 + sum of the weights), and no weight is lost beside it.
        """
        places, channels = value.shape[1:]
        size = min(self.chunk, places)
        count = -(-places // size)
        width = max(query.shape[2], channels) + 1
        asked = torch.cat([_widened(query, width - 1), _length(query).detach()], dim=2)
        asked, keys, values = (
            _chunks(_sorted(_widened(part, width), order), count, size) for part in (asked, _unit(query), value)
        )  # (N, count, size, width)
        keys, values = _windows(keys), _windows(values)  # (N, count, 3(size + 1), width)
        mask = _real(places, count, size, value.device)
        seen = F.scaled_dot_product_attention(asked, keys, values, attn_mask=mask, scale=1.0)  # (N, count, size, width)
        seen = _sorted(seen.flatten(1, 2)[:, :places], order.argsort(dim=1))  # (N, HW, width)
        share = seen[..., -1:]
        return 3 * seen[..., :channels] / share, 3 * (1 - share) / share

    def _output(self, x: Tensor, seen: Tensor) -> Tensor:
        return x + self.residual_scale * seen.mT.unflatten(2, x.shape[2:]).to(x.dtype)


def _length(query: Tensor) -> Tensor:
    return torch.linalg.vector_norm(query, dim=2, keepdim=True)


def _unit(query: Tensor) -> Tensor:
    return F.normalize(query, dim=2, eps=5e-5)


def _widened(part: Tensor, width: int) -> Tensor:
    return F.pad(part, (0, width - part.shape[2]))


def _sorted(part: Tensor, order: Tensor) -> Tensor:
    return part.gather(1, order.unsqueeze(2).expand(-1, -1, part.shape[2]))


def _chunks(part: Tensor, count: int, size: int) -> Tensor:
    """(N, HW, C) -> (N, count, size, C), zeros at the end."""
    return F.pad(part, (0, 0, 0, count * size - part.shape[1])).unflatten(1, (count, size))


def _windows(chunks: Tensor) -> Tensor:
    """A further key to each chunk, then each chunk with its two neighbours: (N, count, 3(size + 1), C), a view."""
    n, count, size, channels = chunks.shape
    further = torch.zeros(channels, dtype=chunks.dtype, device=chunks.device)
    further[-1] = 1
    chunks = torch.cat([chunks, further.expand(n, count, 1, channels)], dim=2)  # (N, count, size + 1, C)
    line = torch.cat([chunks[:, :1], chunks, chunks[:, :1]], dim=1).flatten(1, 2)  # (N, (count + 2)(size + 1), C)
    return line.unfold(1, 3 * (size + 1), size + 1).mT


def _real(places: int, count: int, size: int, device: torch.device) -> Tensor:
    """Which keys of each window are there: not beyond the first or last chunk, not filled up; (1, count, 1, K)."""
    number = torch.arange(-size, (count + 1) * size, device=device).unflatten(0, (count + 2, size))
    real = F.pad((number >= 0) & (number < places), (0, 1), value=True)  # the further key is in every chunk
    return real.flatten().unfold(0, 3 * (size + 1), size + 1).unsqueeze(1).unsqueeze(0)
