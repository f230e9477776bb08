"""Attention that gathers: the form that runs against the plain one that builds the affinity, as the picture grows.

python benchmarks/attention_memory.py [--modules NonLocalAttention ...] [--channels 64] [--sizes 32 64 128 256]

The plain form is the module's own `gather(x, affinity(x))`, which the tests hold equal to `forward`; it is left out
above --plain_up_to, where its matrix alone is 17 GB.
"""

from __future__ import annotations

import argparse

import torch

import restore.attention
from restore.attention import Representation
from restore.commands.attention_parts import PARTS, Example
from restore.commands.attention_rows import entries
from restore.commands.origin import origin
from restore.inference.cost import cost


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = [entry.name for entry in entries() if issubclass(entry.cls, Representation)]
    parser.add_argument("--modules", nargs="+", default=known)
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--sizes", type=int, nargs="+", default=[32, 64, 128, 256])
    parser.add_argument("--plain_up_to", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(f"{options.channels} channels; {origin()}")
    print(f"{'module':<28}{'size':>5}{'form':>7}{'fwd s':>9}{'f+b s':>9}{'fwd MiB':>10}{'f+b MiB':>10}")
    for name in options.modules:
        cls = getattr(restore.attention, name)
        largest = PARTS.get(name, Example()).largest
        for size in options.sizes:
            if largest is not None and size > largest:
                continue
            torch.manual_seed(0)
            module = cls(options.channels).eval()
            x = torch.rand(1, options.channels, size, size) * 2 - 1
            ours = _line(name, size, "ours", cost(module, x, rounds=options.rounds, at_most=5))
            if size > options.plain_up_to:
                continue

            class Plain(torch.nn.Module):
                """Holds the module, so that its parameters get gradients."""

                def __init__(self, module: Representation) -> None:
                    super().__init__()
                    self.module = module

                def forward(self, x: torch.Tensor) -> torch.Tensor:
                    return self.module.gather(x, self.module.affinity(x))

            plain = _line(name, size, "plain", cost(Plain(module), x, rounds=options.rounds, at_most=5))
            ratios = [there / max(here, 1e-9) for here, there in zip(ours, plain, strict=True)]
            print(
                f"{'':<28}{size:>5}{'ratio':>7}{ratios[0]:>9.1f}{ratios[1]:>9.1f}{ratios[2]:>10.1f}{ratios[3]:>10.1f}"
            )


def _line(name: str, size: int, form: str, price: tuple) -> tuple:
    forward, both, forward_bytes, both_bytes = price
    memory = f"{forward_bytes / 2**20:>10.1f}{both_bytes / 2**20:>10.1f}"
    print(f"{name:<28}{size:>5}{form:>7}{forward:>9.4f}{both:>9.4f}{memory}", flush=True)
    return price


if __name__ == "__main__":
    main()
