"""The run's best weights as one self-describing file, and as an artifact of W&B."""

from __future__ import annotations

import logging
from pathlib import Path

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.loggers import WandbLogger

from restore.zoo import load_network, save_network

_logger = logging.getLogger(__name__)


class BestWeights(Callback):
    """After training, writes `best.safetensors` into the run directory; W&B gets it as an artifact of type model.

    The best checkpoint is the one that a `ModelCheckpoint` with a monitor kept; the last one where none has.
    """

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Export on the first rank."""
        found = _best(trainer) if trainer.is_global_zero else None
        if found is None:
            return
        if "network" not in pl_module.hparams:
            _logger.warning("no best.safetensors: the task was built in Python, so its network has no recipe to store")
            return
        path, score = found
        network, card = load_network(path)
        run = Path(trainer.default_root_dir)
        file = run / "best.safetensors"
        card |= {
            "trained_by": run.parent.name,
            "steps": trainer.global_step,
            "patch_size": getattr(getattr(trainer, "datamodule", None), "patch_size", None),
            "protocol": getattr(pl_module, "protocol", None),
        }
        if score is not None:
            card["val_psnr"] = round(score, 4)
        save_network(file, network, card)
        for logger in trainer.loggers:
            if isinstance(logger, WandbLogger):
                name = f"{run.parent.name}-{logger.version}"
                logger.experiment.log_artifact(str(file), name=name, type="model", aliases=["best"])


def _best(trainer: Trainer) -> tuple[str, float | None] | None:
    savers = [callback for callback in trainer.checkpoint_callbacks if isinstance(callback, ModelCheckpoint)]
    for saver in sorted(savers, key=lambda saver: saver.monitor is None):
        if saver.best_model_path and Path(saver.best_model_path).is_file():
            score = saver.best_model_score if saver.monitor else None
            return saver.best_model_path, float(score) if isinstance(score, torch.Tensor) else None
    return None
