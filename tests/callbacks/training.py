"""A tiny denoising run in this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Callback, Trainer, seed_everything
from pytorch_lightning.callbacks import ModelCheckpoint

from restore.data import Pictures
from restore.degradation import GaussianNoise
from restore.networks import DnCNN
from restore.tasks import Denoising, WarmupStableDecay


def task(**options: Any) -> Denoising:
    """The same start every time."""
    seed_everything(1)
    return Denoising(
        DnCNN(width=8, depth=3),
        GaussianNoise((0, 55)),
        optimizer=lambda parameters: torch.optim.Adam(parameters, lr=0.01),
        scheduler=lambda optimizer: WarmupStableDecay(optimizer, steps=40, warmup=3, decay=5),
        **options,
    )


def data(pictures: Path, workers: int = 0) -> Pictures:
    """Epochs of four batches."""
    return Pictures(
        root=str(pictures), validation={"small": str(pictures)}, patch_size=8, batch_size=4, patches_per_epoch=16,
        workers=workers,
    )  # fmt: skip


def trainer(folder: Path, *callbacks: Callback, epochs: int = 2, **options: Any) -> Trainer:
    """Epoch-end checkpoints as `fit` writes them."""
    last = ModelCheckpoint(folder / "checkpoints", "last", save_on_train_epoch_end=True, enable_version_counter=False)
    options = {"logger": False, "enable_progress_bar": False, "log_every_n_steps": 1} | options
    return Trainer(
        max_epochs=epochs, accelerator="cpu", callbacks=[*callbacks, last], default_root_dir=folder,
        enable_model_summary=False, num_sanity_val_steps=0, **options,
    )  # fmt: skip
