"""Writes what `predict` restores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import BasePredictionWriter

from restore.images import Metadata, Picture, to_pixels, write_picture


class ImageWriter(BasePredictionWriter):
    """One 8-bit PNG a picture, under its own name with `.png` behind it, as soon as it is restored.

    Args:
        folder: where to; None is `predictions/` in the run directory.
    """

    def __init__(self, folder: str | None = None) -> None:
        super().__init__(write_interval="batch")
        self.folder = folder
        self.written = 0

    def write_on_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        prediction: Any,
        batch_indices: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int,
    ) -> None:
        """Write the pictures of one batch."""
        folder = Path(self.folder or Path(trainer.default_root_dir) / "predictions")
        folder.mkdir(parents=True, exist_ok=True)
        for name, restored in zip(batch["name"], prediction, strict=True):
            picture = Picture(pixels=to_pixels(restored), alpha=None, metadata=Metadata())
            write_picture(folder / f"{name}.png", picture)
            self.written += 1
