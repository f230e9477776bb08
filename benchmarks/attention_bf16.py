"""Every attention slot in bfloat16 against float32: the largest difference as a share of the largest value.

python benchmarks/attention_bf16.py [--channels 64] [--size 48]

Weights are drawn at random (a module that starts as an identity would show no error); 2^-8 = 0.0039 is one rounding.
"""

from __future__ import annotations

import argparse
import copy

import torch

from restore.commands.attention_rows import entries
from restore.commands.attention_tiles import draw_weights
from restore.commands.origin import origin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--size", type=int, default=48)
    options = parser.parse_args()
    print(f"(1, {options.channels}, {options.size}, {options.size}); {origin()}")
    print(f"{'module':<30}{'bf16 module':>14}{'autocast':>14}")
    x = torch.rand(1, options.channels, options.size, options.size, generator=torch.Generator().manual_seed(0)) * 2 - 1
    for entry in entries():
        if not entry.is_slot:
            continue
        module = draw_weights(entry.cls(options.channels)).eval()
        low = copy.deepcopy(module).bfloat16()
        with torch.no_grad():
            exact = module(x)
            cast = low(x.bfloat16()).float()
            with torch.autocast("cpu", torch.bfloat16):
                mixed = module(x).float()
        errors = [((result - exact).abs().max() / exact.abs().max()).item() for result in (cast, mixed)]
        print(f"{entry.name:<30}{errors[0]:>14.5f}{errors[1]:>14.5f}")


if __name__ == "__main__":
    main()
