"""Attention over the whole map: the form that runs against the plain one that builds the matrix, as the picture grows.

python benchmarks/attention_memory.py [--modules NonLocalAttention:pairwise=dot_product ...] [--sizes 32 64 128 256]

Modules are typed as for `restore ablate --attention`. The plain form of a representation is its own
`gather(x, affinity(x))`, which the tests hold equal to `forward`; of SecondOrderChannelAttention, the covariance
centred by a matrix of all places. It is left out above --plain_up_to, where its matrix alone is 17 GB, and where what
its heads, rounds or channels hold together is over 2.5 GiB, of which backward needs several.
PointwiseSpatialAttention, whose paper wants the matrix, has no other form, and is left out above 64x64.
"""

from __future__ import annotations

import argparse
import copy

import torch
from plain_attention import plain_covariance
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from restore.attention import PointwiseSpatialAttention, Representation, SecondOrderChannelAttention
from restore.commands.attention_names import read_choice
from restore.commands.attention_parts import PARTS
from restore.commands.attention_rows import entries
from restore.commands.origin import origin
from restore.errors import ConfigError
from restore.inference.cost import Cost, cost

_FORMS = [
    "NonLocalAttention:subsample=true",
    "NonLocalAttention:pairwise=gaussian",
    "NonLocalAttention:pairwise=dot_product",
    "NonLocalAttention:pairwise=concatenation",
    "NonLocalAttention:normalize_over=queries",
    "SecondOrderChannelAttention",
    "PointwiseSpatialAttention",
]

_LARGEST = 5 << 29
"""Bytes of all matrices of pairs above which the plain form is left out."""


class _Plain(nn.Module):
    """Holds the module, so that its parameters get gradients."""

    def __init__(self, module: Representation) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.module.gather(x, self.module.affinity(x))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = [entry.name for entry in entries() if issubclass(entry.cls, Representation)]
    parser.add_argument("--modules", nargs="+", default=known + _FORMS)
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--sizes", type=int, nargs="+", default=[32, 64, 128, 256])
    parser.add_argument("--plain_up_to", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    try:
        for text in options.modules:  # a wrong one is told before the first is measured
            _plain(_build(text, options.channels))
    except ConfigError as error:
        parser.error(str(error))
    print(f"{options.channels} channels; {origin()}")
    print(f"{'module':<46}{'size':>5}{'form':>7}{'fwd s':>9}{'f+b s':>9}{'fwd MiB':>10}{'f+b MiB':>10}")
    for text in options.modules:
        example = PARTS.get(text)
        for size in options.sizes:
            if example is not None and example.largest is not None and size > example.largest:
                continue
            module = _build(text, options.channels)
            x = torch.rand(1, options.channels, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1
            ours = _line(text, size, "ours", cost(module, x, rounds=options.rounds, at_most=5))
            plain = _plain(module)
            if size > options.plain_up_to or plain is None or _matrix_bytes(module, x) > _LARGEST:
                continue
            theirs = _line(text, size, "plain", cost(plain, x, rounds=options.rounds, at_most=5))
            ratios = [there / max(here, 1e-9) for here, there in zip(ours, theirs, strict=True)]
            times, memory = "".join(f"{ratio:>9.1f}" for ratio in ratios[:2]), ratios[2:]
            print(f"{'':<46}{size:>5}{'ratio':>7}{times}" + "".join(f"{ratio:>10.1f}" for ratio in memory))


def _build(text: str, channels: int) -> nn.Module:
    torch.manual_seed(0)
    if text == "PointwiseSpatialAttention":  # a part: it doubles the channels
        return PointwiseSpatialAttention(channels).eval()
    return read_choice(text).build(channels).eval()


def _plain(module: nn.Module) -> nn.Module | None:
    """The form that builds the matrix of all places; None for a module that has no other."""
    if isinstance(module, Representation):
        return _Plain(module)
    if isinstance(module, SecondOrderChannelAttention):
        plain = copy.deepcopy(module)
        plain.pool.forward = plain_covariance
        return plain
    if isinstance(module, PointwiseSpatialAttention):
        return None
    raise ConfigError(f"{type(module).__name__} gathers by no matrix of places. Name a representation or SOCA.")


def _matrix_bytes(module: nn.Module, x: torch.Tensor) -> int:
    """Of the affinity in full, which is not computed."""
    if not isinstance(module, Representation):
        return 4 * (x.shape[2] * x.shape[3]) ** 2
    twin = copy.deepcopy(module)
    with FakeTensorMode(allow_non_fake_inputs=True) as mode, torch.no_grad():
        return 4 * twin.affinity(mode.from_tensor(x)).numel()


def _line(text: str, size: int, form: str, price: Cost) -> Cost:
    memory = f"{price.forward_bytes / 2**20:>10.1f}{price.both_bytes / 2**20:>10.1f}"
    print(f"{text:<46}{size:>5}{form:>7}{price.forward_seconds:>9.4f}{price.both_seconds:>9.4f}{memory}", flush=True)
    return price


if __name__ == "__main__":
    main()
