"""Does a run of a small set stall between its epochs? The time from an epoch's last batch to the next one's first.

    python benchmarks/epochs.py [--pictures 4] [--epochs 10] [--batches 20] [--workers 0 2] [--step 0.05] [--json FILE]

`--pictures` of the built-in photographs, cut to 321 x 481 as PNG, are loaded by `restore.data.Pictures` under
Lightning's own loop, which trains one number and waits `--step` seconds, as a GPU's step would, in each batch; no
validation, no checkpoints. A wait is the time from the end of one step to the start of the next: within an epoch it is
what a batch costs the loop, across its end it has the end of the epoch, the loader's new start and the first batch in
it. The start of the loading processes, before the first epoch, is not among them.

Printed for each number of workers: mean and longest wait between batches within an epoch and between epochs, in
milliseconds, and what the waits between epochs take of the whole run's time.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import statistics
import tempfile
import time
import warnings
from datetime import date
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from pytorch_lightning import LightningModule, Trainer

from restore.data import Pictures, SamplePictures
from restore.images import Picture, write_picture

SHAPE = (321, 481)
BATCH = 8


class Waiting(LightningModule):
    """Takes no time but `step` seconds a batch, and writes down when each began and ended."""

    def __init__(self, step: float) -> None:
        super().__init__()
        self.number = torch.nn.Parameter(torch.zeros(()))
        self.step = step
        self.begun: list[float] = []
        self.ended: list[float] = []

    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        self.begun.append(time.perf_counter())
        time.sleep(self.step)
        return self.number * batch["target"].float().mean()

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        self.ended.append(time.perf_counter())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def make_pictures(folder: Path, count: int) -> None:
    """`count` pictures of one size, the built-in ones repeated where they do not suffice."""
    pictures = SamplePictures()
    read = (pictures[number] for number in range(len(pictures)))
    large = [pixels for pixels in read if pixels.shape[0] >= SHAPE[0] and pixels.shape[1] >= SHAPE[1]]
    for number in range(count):
        pixels = large[number % len(large)]
        write_picture(folder / f"{number}.png", Picture(pixels[: SHAPE[0], : SHAPE[1]]))


def measure(root: Path, workers: int, options: argparse.Namespace) -> dict[str, float]:
    """The waits of one run, in milliseconds."""
    data = Pictures(
        root=str(root), validation={"none": str(root)}, patch_size=64, batch_size=BATCH,
        patches_per_epoch=BATCH * options.batches, workers=workers, cache_folder=str(root.parent / "cache"),
    )  # fmt: skip
    task = Waiting(options.step)
    Trainer(
        max_epochs=options.epochs, accelerator="auto", devices=1, logger=False, enable_progress_bar=False,
        enable_model_summary=False, enable_checkpointing=False, limit_val_batches=0, num_sanity_val_steps=0,
    ).fit(task, data)  # fmt: skip
    waits = [1000 * (begun - ended) for begun, ended in zip(task.begun[1:], task.ended, strict=False)]
    between = waits[options.batches - 1 :: options.batches]
    within = [wait for place, wait in enumerate(waits, 1) if place % options.batches]
    assert (len(between), len(within)) == (options.epochs - 1, options.epochs * (options.batches - 1))
    whole = 1000 * (task.ended[-1] - task.begun[0])
    return {
        "within": statistics.mean(within),
        "within_longest": max(within),
        "between": statistics.mean(between),
        "between_longest": max(between),
        "share": sum(between) / whole,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batches", type=int, default=20, help="in an epoch")
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 2])
    parser.add_argument("--step", type=float, default=0.05, help="seconds")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore")
    found = {}
    print(f"{options.epochs} epochs of {options.batches} batches, {options.pictures} pictures, step {options.step} s\n")
    print("workers   between batches, ms    between epochs, ms     of the run")
    print("            mean    longest         mean    longest")
    with tempfile.TemporaryDirectory() as folder:
        make_pictures(Path(folder) / "pictures", options.pictures)
        for workers in options.workers:
            found[workers] = one = measure(Path(folder) / "pictures", workers, options)
            print(
                f"{workers:7}{one['within']:9.2f}{one['within_longest']:11.1f}{one['between']:13.2f}"
                f"{one['between_longest']:11.1f}{one['share']:15.2%}",
                flush=True,
            )
    if options.json is not None:
        settings = {name: value for name, value in vars(options).items() if name != "json"}
        machine = {"cores": os.cpu_count(), "machine": platform.machine(), "torch": torch.__version__}
        content = {"date": date.today().isoformat(), "settings": settings, "machine": machine, "milliseconds": found}
        options.json.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
