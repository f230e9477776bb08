"""Images a second, in the progress bar and the logs."""

from __future__ import annotations

import time
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer


class Throughput(Callback):
    """Logs train/images_per_second over the steps since the last log, all processes together."""

    def __init__(self) -> None:
        self._since = 0.0
        self._images = 0

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start counting: validation between epochs does not count."""
        self._since, self._images = time.perf_counter(), 0

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count the batch; log when the trainer logs."""
        self._images += len(batch["target"]) * trainer.world_size
        elapsed = time.perf_counter() - self._since
        if trainer._logger_connector.should_update_logs and elapsed > 0:
            pl_module.log("train/images_per_second", self._images / elapsed, prog_bar=True, batch_size=1)
            self._since, self._images = time.perf_counter(), 0
