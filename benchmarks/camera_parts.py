"""What each part of the camera model brings to `photo`: short fine-tunings of `gaussian` that differ in nothing else.

    python benchmarks/camera_parts.py                 all parts one after the other; --parts gaussian whole names some
    python benchmarks/camera_parts.py --markdown      the table of what was measured

Every run sees the same patches in the same order with its own recipe's degradation: 6 % hardly any noise, 94 % the
noise of the part (from "+ sensor" on 40 % of it stays Gaussian, as in configs/photo.yaml). It is scored by `real-srgb`
on the middle of PolyU's training pairs, which nothing is trained on; they are a selection set, for the camera's ranges
were set by them. Each run is a line of --output as soon as it ends: the same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from restore.commands.origin import origin
from restore.data import PairedPictures, find_pairs
from restore.data.augment import FlipsAndTurns
from restore.data.cache import PictureCache
from restore.data.patches import Patches
from restore.degradation import CameraNoise, Chain, Degradation, Drawn, GaussianNoise, Jpeg, OneOf, Quantize
from restore.degradation.camera import sensor_noise
from restore.degradation.camera_pipeline import Camera, from_sensor, to_linear, to_sensor, to_srgb
from restore.degradation.random import Stream
from restore.images import find_pictures
from restore.metrics import find_protocol
from restore.networks import RestorationNetwork
from restore.zoo import load_network

PARTS = {
    "none": "`gaussian` as shipped",
    "gaussian": "clipped Gaussian noise only",
    "sensor": "+ shot and read noise in linear light",
    "mosaic": "+ mosaic and demosaicing",
    "color": "+ white balance and color matrix",
    "reduction": "+ noise reduction",
    "whole": "+ JPEG: the whole recipe",
}
"""Name -> what the row of the table says; each has all that stands above it."""

Row = dict[str, Any]


class PartialCamera(CameraNoise):
    """The recipe's `CameraNoise` without some of its parts; the rest is drawn alike."""

    def __init__(self, mosaic: bool, color: bool, reduction: bool) -> None:
        super().__init__(log_shot=(-8.5, -4.8), reduced=0.9 if reduction else 0.0)
        if not color:
            self.red_gain = self.blue_gain = (1.0, 1.0)
        self.mosaic, self.color = mosaic, color

    def settings(self, drawn: Sequence[Drawn], like: Tensor) -> Camera:
        """Without color the sensor sees linear sRGB."""
        camera = super().settings(drawn, like)
        return camera if self.color else camera._replace(matrix=torch.eye(3).expand(len(like), 3, 3).to(like))

    def add_noise(self, clean: Tensor, camera: Camera, streams: Sequence[Stream]) -> Tensor:
        """Without a mosaic every pixel sees all three colors."""
        if self.mosaic:
            return super().add_noise(clean, camera, streams)
        linear = to_linear(clean, camera.tone)
        noise = sensor_noise(to_sensor(linear, camera), camera, streams)
        return to_srgb(linear + from_sensor(noise, camera), camera.tone)


def recipe(part: str) -> Degradation:
    """What configs/photo.yaml would be with this part the last one."""
    strong, weak = GaussianNoise((0, 55)), GaussianNoise((0, 2))
    if part == "gaussian":
        return Chain([OneOf([strong, weak], [0.94, 0.06]), Quantize()])
    reached = list(PARTS).index(part)
    camera = PartialCamera(*(reached >= list(PARTS).index(name) for name in ("mosaic", "color", "reduction")))
    if part == "whole":
        stored = Chain([camera, Jpeg((70, 92))])
        return Chain([OneOf([strong, stored, camera, weak], [0.4, 0.42, 0.12, 0.06]), Quantize()])
    return Chain([OneOf([strong, camera, weak], [0.4, 0.54, 0.06]), Quantize()])


def train(network: RestorationNetwork, part: str, patches: Patches, steps: int, batch: int, seed: int) -> None:
    """Fine-tune in place: L1, AdamW 0.0005, short warm-up, linear decay to nothing."""
    degradation = recipe(part)
    optimizer = torch.optim.AdamW(network.parameters(), lr=5e-4, weight_decay=1e-4)
    network.train()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 5e-4 * min(1, (step + 1) / 50, (steps - step) / (0.7 * steps))
        numbers = range(step * batch, (step + 1) * batch)
        clean = torch.stack([patches[number]["target"] for number in numbers]).float() / 255
        degraded = degradation.degrade_each(clean, [number + 1_000_003 * seed for number in numbers])
        loss = (network(degraded) - clean).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 50 == 49:
            print(f"  {part} step {step + 1}, loss {loss.item():.4f}", flush=True)
    network.eval()


@torch.inference_mode()
def score(network: RestorationNetwork, pairs: PairedPictures) -> Row:
    """PSNR of each pair, of its noisy picture, and of its clean one sent through the network."""
    psnr = find_protocol("real-srgb").psnr
    found: Row = {"names": [], "noisy": [], "restored": [], "clean": []}
    for number in range(len(pairs)):
        noisy, clean = ((pairs[number][name][None].float() / 255) for name in ("degraded", "target"))
        found["names"].append(pairs[number]["name"])
        for name, picture in {"noisy": noisy, "restored": network(noisy), "clean": network(clean)}.items():
            found[name].append(round(psnr(picture, clean).item(), 4))
    return found


def markdown(rows: list[Row]) -> str:
    """A table with one line a part: means, and what it brought over the line before."""
    lines = ["| trained on | PolyU training pairs, dB | brought, dB (± standard error over pairs) | clean, dB |"]
    lines.append("|---|---|---|---|")
    done = {row["part"]: row for row in rows}
    before = None
    for part in (part for part in PARTS if part in done):
        row, brought = done[part], ""
        if before is not None:
            gains = [now - then for now, then in zip(row["restored"], before["restored"], strict=True)]
            error = statistics.stdev(gains) / len(gains) ** 0.5 if len(gains) > 1 else float("nan")
            brought = f"{statistics.mean(gains):+.2f} ± {error:.2f}"
        restored, clean = statistics.mean(row["restored"]), statistics.mean(row["clean"])
        lines.append(f"| {PARTS[part]} | {restored:.2f} | {brought} | {clean:.1f} |")
        before = row
    if before is not None:
        pairs = f"{len(before['noisy'])} pairs"
        lines.append(f"\nNoisy: {statistics.mean(before['noisy']):.2f} dB, {pairs}; {before['steps']} steps.")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--data", type=Path, default=Path("data/train/realnoise_polyu"), help="noisy and clean pairs")
    parser.add_argument("--root", type=Path, default=Path("data/train/bsds400"), help="clean pictures to train on")
    parser.add_argument("--weights", default="gaussian", help="what is fine-tuned")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--size", type=int, default=64, help="side of a patch")
    parser.add_argument("--crop", type=int, default=256, help="side of what is scored, in the middle of a pair")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=Path("runs/camera_parts.jsonl"))
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    settings = {name: getattr(options, name) for name in ("weights", "steps", "batch", "size", "crop", "seed")}
    rows = [json.loads(line) for line in options.output.read_text().splitlines()] if options.output.exists() else []
    rows = [row for row in rows if settings.items() <= row.items()]
    if options.markdown:
        print(markdown(rows) if rows else f"{options.output} holds no run with {settings}.")
        return
    pairs = PairedPictures(find_pairs(options.data), crop=options.crop)
    if not len(pairs):
        parser.error(f"{options.data} holds no pairs *_mean.*, *_real.*; PolyU's CroppedImages folder has them.")
    patches = Patches(PictureCache(find_pictures(options.root)), options.size, FlipsAndTurns(), seed=options.seed)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    for part in options.parts:
        if part in [row["part"] for row in rows]:
            continue
        begin = time.perf_counter()
        network = load_network(options.weights)[0]
        if part != "none":
            train(network, part, patches, options.steps, options.batch, options.seed)
        row = {"part": part, **settings, **score(network, pairs), **origin()}
        with options.output.open("a") as file:
            file.write(json.dumps(row) + "\n")
        taken = time.perf_counter() - begin
        print(f"{PARTS[part]}: {statistics.mean(row['restored']):.3f} dB, {taken:.0f} s", flush=True)


if __name__ == "__main__":
    main()
