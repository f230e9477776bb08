"""RCAN x4, forward and training step: as the toolkit runs it against the plain fp32 NCHW form of the same network.

    python benchmarks/rcan_speed.py [--rounds 5] [--device cpu|cuda] [--groups 10 --blocks 20]

Both forms run in turn in one process, so that a drifting machine hits both. The dB line restores a real photograph with
both forms and says how far apart the results are; random weights, or --checkpoint for trained ones.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import statistics
import time

import torch
from torch import nn

from restore.data import SamplePictures
from restore.degradation import imresize
from restore.images import to_tensor
from restore.inference.precision import bf16_is_quick
from restore.metrics import psnr
from restore.networks import RCAN
from restore.zoo import load_network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--groups", type=int, default=10)
    parser.add_argument("--blocks", type=int, default=20)
    parser.add_argument("--precision", choices=["auto", "fp32", "bf16"], default="auto")
    parser.add_argument("--checkpoint")
    options = parser.parse_args()
    device = torch.device(options.device)
    torch.manual_seed(0)
    network = (
        load_network(options.checkpoint)[0]
        if options.checkpoint
        else RCAN(4, groups=options.groups, blocks=options.blocks)
    )
    bf16 = bf16_is_quick(device) if options.precision == "auto" else options.precision == "bf16"
    print(
        f"torch {torch.__version__}, {torch.get_num_threads()} threads, {device}, bf16 quick: {bf16_is_quick(device)}"
    )
    forms = {
        "plain fp32 NCHW": (torch.contiguous_format, False),
        f"ours {'bf16' if bf16 else 'fp32'} NHWC": (torch.channels_last, bf16),
    }
    for what, run in (("forward 1x3x256x256", forward), ("training step 4x3x48x48", training_step)):
        times = {name: [] for name in forms}
        for round_ in range(options.rounds + 1):
            for name, (layout, half) in forms.items():
                seconds = run(copy.deepcopy(network).to(device, memory_format=layout), layout, half, device)
                if round_:  # the first is warm-up
                    times[name].append(seconds)
        plain, ours = (statistics.median(values) for values in times.values())
        for name, values in times.items():
            spread = f"({min(values):.3f} to {max(values):.3f})"
            print(f"{what:<24} {name:<18} median {statistics.median(values):7.3f} s  {spread}")
        print(f"{what:<24} ratio {plain / ours:.2f}x")
    print(f"results differ by {agreement(network, bf16, device):.1f} dB PSNR between the forms (higher is closer)")


def forward(network: nn.Module, layout: torch.memory_format, half: bool, device: torch.device) -> float:
    picture = torch.rand(1, 3, 256, 256, device=device).contiguous(memory_format=layout)
    with torch.inference_mode(), precision(half, device):
        begin = time.perf_counter()
        network(picture)
        wait(device)
        return time.perf_counter() - begin


def training_step(network: nn.Module, layout: torch.memory_format, half: bool, device: torch.device) -> float:
    optimizer = torch.optim.Adam(network.parameters(), lr=0.0001)
    degraded = torch.rand(4, 3, 48, 48, device=device).contiguous(memory_format=layout)
    target = torch.rand(4, 3, 192, 192, device=device)
    begin = 0.0
    for _ in range(2):  # the first makes the optimiser's state
        begin = time.perf_counter()
        with precision(half, device):
            loss = nn.functional.l1_loss(network(degraded), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        wait(device)
    return time.perf_counter() - begin


def agreement(network: nn.Module, half: bool, device: torch.device) -> float:
    clean = to_tensor(SamplePictures("validation")[0])[None, :, :256, :256].to(device)
    small = imresize(clean, 4)
    network = network.to(device).eval()
    with torch.inference_mode():
        plain = network(small)
        with precision(half, device):
            ours = network.to(memory_format=torch.channels_last)(small.contiguous(memory_format=torch.channels_last))
    return float(psnr(ours.float().clamp(0, 1), plain.clamp(0, 1)))


def precision(half: bool, device: torch.device) -> contextlib.AbstractContextManager:
    return torch.autocast(device.type, torch.bfloat16) if half else contextlib.nullcontext()


def wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
