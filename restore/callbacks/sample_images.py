"""Sample pictures in the logs: degraded | restored | target, the same crops every time."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.loggers import TensorBoardLogger, WandbLogger
from torch import Tensor
from torch.nn import functional as F

from restore.errors import ConfigError
from restore.images import Metadata, Picture, to_pixels, write_picture
from restore.tasks import RestorationTask


class SampleImages(Callback):
    """While training, shows the first pictures of every validation set, their middle, to the logger.

    W&B and TensorBoard get them as pictures; for any other logger, and for none, they are written as PNG into
    `pictures/` of the run directory.

    Args:
        every_n_epochs: how often.
        pictures: how many of each set.
        crop: side of the crop in pixels of the target.

    Raises:
        ConfigError: a number below 1.
    """

    def __init__(self, every_n_epochs: int = 1, pictures: int = 2, crop: int = 192) -> None:
        if min(every_n_epochs, pictures, crop) < 1:
            raise ConfigError(f"SampleImages got {every_n_epochs=}, {pictures=}, {crop=}. Each must be 1 or more.")
        self.every_n_epochs = every_n_epochs
        self.pictures = pictures
        self.crop = crop
        self._panels: dict[str, Tensor] = {}

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep the panel of a picture that is to be shown."""
        if trainer.state.fn != "fit":
            return
        due = trainer.current_epoch % self.every_n_epochs == 0 and not trainer.sanity_checking
        if not due or batch_idx >= self.pictures or not trainer.is_global_zero:
            return
        name = f"{cast(RestorationTask, pl_module).set_names[dataloader_idx]}/{Path(batch['name'][0]).stem}"
        self._panels[name] = panel(batch["degraded"][0], outputs[0], batch["target"][0], self.crop)

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Hand the panels over."""
        if not self._panels:
            return
        loggers = [logger for logger in trainer.loggers if isinstance(logger, WandbLogger | TensorBoardLogger)]
        for name, shown in self._panels.items():
            pixels = to_pixels(shown)  # (H, 3 W, C)
            for logger in loggers:
                if isinstance(logger, WandbLogger):
                    caption = f"degraded | restored | target ({cast(RestorationTask, pl_module).protocol})"
                    logger.log_image(f"val/{name}", [pixels], step=trainer.global_step, caption=[caption])
                else:
                    logger.experiment.add_image(f"val/{name}", pixels, trainer.global_step, dataformats="HWC")
            if not loggers:
                path = Path(trainer.default_root_dir) / "pictures" / name / f"step_{trainer.global_step:07d}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                write_picture(path, Picture(pixels=pixels, alpha=None, metadata=Metadata()))
        self._panels = {}


def panel(degraded: Tensor, restored: Tensor, target: Tensor, crop: int) -> Tensor:
    """The middle of three (C, H, W) pictures side by side; a smaller degraded one is enlarged by repeating pixels.

    Of four packed raw planes the red, the second green and the blue one are shown, as they are: linear, and greenish.
    """
    if target.shape[0] == 4:
        degraded, restored, target = (picture[[0, 2, 3]] for picture in (degraded, restored, target))
    scale = target.shape[-1] // degraded.shape[-1]
    if scale > 1:
        degraded = F.interpolate(degraded[None], scale_factor=scale, mode="nearest")[0]  # (C, H, W)
    height, width = (min(crop, side) for side in target.shape[-2:])
    top, left = (target.shape[-2] - height) // 2, (target.shape[-1] - width) // 2
    parts = [
        picture.float().cpu()[:, top : top + height, left : left + width] for picture in (degraded, restored, target)
    ]
    return torch.cat(parts, dim=2).clamp(0, 1)  # (C, crop, 3 crop)
