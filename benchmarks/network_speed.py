"""The shipped networks on one 768x512 picture: plain fp32 NCHW against the form that `denoise` runs.

python benchmarks/network_speed.py [--models gaussian photo] [--rounds 7]
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch

from restore.inference import Restorer
from restore.zoo import MODELS, load_network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=list(MODELS))
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    picture = torch.rand(1, 3, 512, 768)
    for name in options.models:
        network = load_network(name)[0]
        restorer = Restorer(network)

        def plain(network=network) -> None:
            with torch.inference_mode():
                network(picture)

        def ours(restorer=restorer) -> None:
            restorer(picture)

        times = {"plain": [], "Restorer": []}
        for _ in range(options.rounds + 1):
            for label, run in (("plain", plain), ("Restorer", ours)):
                begin = time.perf_counter()
                run()
                times[label].append(time.perf_counter() - begin)
        for label, values in times.items():
            print(f"{name:<10} {label:<9} median {statistics.median(values[1:]):.3f} s ({min(values[1:]):.3f} best)")


if __name__ == "__main__":
    main()
