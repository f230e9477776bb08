"""Images a second, and how much of the time goes into waiting for them."""

from __future__ import annotations

import sys
import time
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer

from restore.data import Pictures


class Throughput(Callback):
    """Logs train/images_per_second and train/waiting (a share, 0 to 1) over the steps since the last log.

    At the end it says both for the whole run, and what to change where the network waited. Validation and the start
    of the loading processes do not count. Where `Pictures` does not load the data, the waiting is not known.

    Args:
        profile: also say where the time of a step goes. On a GPU every step is then waited for, so that the times are
            those of the device and not of its queue; this makes a run a little slower.
    """

    def __init__(self, profile: bool = False) -> None:
        self.profile = profile
        self.images = 0
        """Of the run so far, all processes together."""
        self.spent = {"waiting": 0.0, "moving": 0.0, "training": 0.0}
        """Seconds of the run so far: waiting for pictures, moving and degrading them, the step itself."""
        self._mark = self._waited = 0.0
        self._logged = (0, 0.0, 0.0)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start counting: validation between epochs does not count."""
        self._go_on(trainer)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Go on counting."""
        self._go_on(trainer)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """The batch is on the device, and degraded: what went before was waiting and moving."""
        if self.images == 0:  # the loading processes have just been started
            self._go_on(trainer)
            return
        waited = _waited(trainer)
        self.spent["waiting"] += waited - self._waited
        self.spent["moving"] += self._lap(trainer) - (waited - self._waited)
        self._waited = waited

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count the batch; log when the trainer logs."""
        self.images += len(batch["target"]) * trainer.world_size
        self.spent["training"] += self._lap(trainer)
        images, seconds, waiting = self._logged
        elapsed = sum(self.spent.values()) - seconds
        if trainer._logger_connector.should_update_logs and elapsed > 0:
            rate, share = (self.images - images) / elapsed, (self.spent["waiting"] - waiting) / elapsed
            pl_module.log("train/images_per_second", rate, prog_bar=True, batch_size=1)
            if _measurable(trainer):
                pl_module.log("train/waiting", share, batch_size=1)
            self._logged = self.images, sum(self.spent.values()), self.spent["waiting"]

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Images a second, the share of waiting, what to change."""
        seconds = sum(self.spent.values())
        if not trainer.is_global_zero or self.images == 0 or seconds <= 0:
            return
        text = f"{self.images / seconds:.1f} images a second"
        data = getattr(trainer, "datamodule", None)
        if not isinstance(data, Pictures):
            sys.stderr.write(text + ".\n")
            return
        share = self.spent["waiting"] / seconds
        text += f"; {share:.0%} of the time went into waiting for pictures."
        rate = data.rate() if self.profile else None
        wanted = self.images / (seconds - self.spent["waiting"]) / trainer.world_size
        advice = data.advise(share, trainer.world_size // trainer.num_nodes, wanted if rate else None, rate)
        if self.profile:
            text += f"\n{self._table(seconds)}\nOne core makes {rate:.0f} patches a second."
        if advice:
            text += "\nTo wait less:\n" + "\n".join(f"  {line}" for line in advice)
        sys.stderr.write(text + "\n")

    def _table(self, seconds: float) -> str:
        names = {
            "waiting": "waiting for the next batch",
            "moving": "to the device, degradation",
            "training": "forward, backward, optimizer",
        }
        return "\n".join(f"  {text:<30}{self.spent[name] / seconds:>6.1%}" for name, text in names.items())

    def _go_on(self, trainer: Trainer) -> None:
        self._waited = _waited(trainer)
        self._mark = time.perf_counter()

    def _lap(self, trainer: Trainer) -> float:
        """Seconds since the last lap."""
        if self.profile and trainer.strategy.root_device.type == "cuda":
            torch.cuda.synchronize(trainer.strategy.root_device)
        before, self._mark = self._mark, time.perf_counter()
        return self._mark - before


def _measurable(trainer: Trainer) -> bool:
    return hasattr(trainer.train_dataloader, "waited")


def _waited(trainer: Trainer) -> float:
    return float(getattr(trainer.train_dataloader, "waited", 0.0))
