"""fit, validate, test and predict: a task and its data from YAML and flags, by LightningCLI."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from pathlib import Path
from typing import Any, Literal

import torch.distributed as dist
from jsonargparse import Namespace
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning import LightningDataModule, Trainer
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.cli import LightningCLI, SaveConfigCallback
from pytorch_lightning.utilities import rank_zero_only

import restore.attention
import restore.callbacks
import restore.data
import restore.degradation
import restore.losses
import restore.networks  # noqa: F401  importing a floor makes its short class names known
from restore.callbacks import ImageWriter, LossGuard, Progress, RunSummary, SaveOnInterrupt, Throughput
from restore.commands.loggers import KINDS, make_logger
from restore.commands.parser import ShortErrorParser
from restore.commands.runs import check_fits, find_last, new_run, recipe_name, run_of
from restore.data import Pictures
from restore.errors import CheckpointError, ConfigError, RestoreError
from restore.inference.fastest import fastest_precision
from restore.tasks import RestorationTask
from restore.zoo import adopt


class _CLI(LightningCLI):
    """LightningCLI with a run directory of its own for every run, and checkpoints that never overrule the recipe."""

    def add_arguments_to_parser(self, parser: Any) -> None:
        parser.add_argument("--logger", type=Literal[*KINDS], default="wandb", help="where metrics and pictures go")
        parser.add_argument(
            "--init_from", type=str | None, default=None, help="weights to start from (.ckpt, .safetensors, .pth)"
        )
        parser.add_argument(
            "--profile_data", action="store_true", help="say at the end of a fit where the time of a step went"
        )
        parser.add_argument("--runs", type=str, default="runs", help="folder of all run directories")

    def _parse_ckpt_path(self) -> None:
        """Leave the recipe alone: Lightning would let the checkpoint's hyper-parameters overrule it in silence."""

    def before_instantiate_classes(self) -> None:
        """Find or make the run directory; fill in what depends on the machine."""
        config: Namespace = self.config[self.config.subcommand]
        recipe = recipe_name([str(path) for path in config.get("config") or []])
        runs = Path(config.runs)
        resume = config.get("ckpt_path")
        if resume == "last":
            config.ckpt_path = resume = str(find_last(runs, recipe))
        elif resume is not None and not Path(resume).is_file():
            raise CheckpointError(
                f"There is no checkpoint {resume}. Name a file, or 'last' for the newest of this recipe."
            )
        if resume is not None and config.get("init_from"):
            raise ConfigError("--ckpt_path goes on with a run, --init_from starts one. Give one of them.")
        self.run = run_of(Path(resume)) if resume and self.config.subcommand == "fit" else new_run(runs, recipe)
        self.resumed = resume is not None and self.config.subcommand == "fit"
        config.trainer.default_root_dir = str(self.run)
        config.weights_only = True  # a checkpoint may be a stranger's
        if config.trainer.precision is None:
            network = str(config.get("model.init_args.network.class_path") or "").rpartition(".")[2]
            config.trainer.precision = fastest_precision(config.trainer.accelerator, network)
        if config.trainer.get("use_distributed_sampler") is not False:
            config.trainer.use_distributed_sampler = False  # the data module splits the pictures without repeating any

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """The trainer with its logger, checkpoints and guards."""
        if isinstance(self.datamodule, Pictures):
            self.datamodule.check(str(self.subcommand))
        self.model.check(self.datamodule)
        checkpoint, source = self._get(self.config, "ckpt_path"), self._get(self.config, "init_from")
        if checkpoint:
            check_fits(checkpoint, self.model)
        if source:
            rank_zero_say(adopt(self.model.network, source).summary())
        config = self._get(self.config_init, "trainer")
        if config.get("logger") is None:
            recipe = self.run.parent.name
            kwargs["logger"] = make_logger(self._get(self.config, "logger"), self.run, recipe) or False
        return super().instantiate_trainer(**kwargs)

    def _instantiate_trainer(self, config: dict[str, Any], callbacks: list[Any]) -> Trainer:
        fitting = self.subcommand == "fit" and not config.get("fast_dev_run")
        given = config.get("callbacks") or []
        if fitting and not any(isinstance(callback, ModelCheckpoint) for callback in given):
            folder = self.run / "checkpoints"
            callbacks = [*callbacks, *_checkpoints(folder), SaveOnInterrupt(folder / "last.ckpt")]
        if not any(isinstance(callback, LossGuard) for callback in given):
            callbacks = [*callbacks, LossGuard()]
        config["enable_checkpointing"] = fitting
        if config.get("enable_progress_bar") is not False:
            callbacks = [*callbacks, Progress()]
        if self.subcommand == "predict" and not any(isinstance(callback, ImageWriter) for callback in given):
            callbacks = [*callbacks, ImageWriter()]
        config["enable_model_summary"] = False
        try:
            return super()._instantiate_trainer(
                config, [*callbacks, Throughput(bool(self._get(self.config, "profile_data"))), RunSummary()]
            )
        except (ValueError, MisconfigurationException) as error:
            raise ConfigError(f"The trainer cannot be built. {' '.join(str(error).split())}") from error

    def after_instantiate_classes(self) -> None:
        """Log the resolved recipe, and the protocol by a name of its own, however the recipe came by it."""
        for logger in self.trainer.loggers:
            self._dump_config()
            logger.log_hyperparams({**self.config_dump, "protocol": self.model.protocol})


class _SaveConfig(SaveConfigCallback):
    """Writes the resolved recipe into the run directory, over the one of an earlier start of the same run."""

    def setup(self, trainer: Trainer, pl_module: Any, stage: str) -> None:
        run = trainer.strategy.broadcast(trainer.default_root_dir)  # nodes that start at different seconds share one
        trainer._default_root_dir = run  # type: ignore[attr-defined]
        if trainer.is_global_zero and stage == "fit":
            folder = Path(trainer.default_root_dir)
            folder.mkdir(parents=True, exist_ok=True)
            self.parser.save(self.config, folder / "config.yaml", skip_none=False, overwrite=True, multifile=False)


def main(argv: list[str]) -> int:
    """Run `argv`, which begins with fit, validate, test or predict."""
    quieten()
    sys.argv = [sys.argv[0], *argv]  # DDP starts its other processes with sys.argv
    os.environ.setdefault("JSONARGPARSE_DEPRECATION_WARNINGS", "off")
    strict = {"allow_abbrev": False}
    try:
        _CLI(
            RestorationTask,
            LightningDataModule,
            subclass_mode_model=True,
            subclass_mode_data=True,
            auto_configure_optimizers=False,
            seed_everything_default=0,
            save_config_callback=_SaveConfig,
            parser_class=ShortErrorParser,
            parser_kwargs={name: dict(strict) for name in ("fit", "validate", "test", "predict")} | strict,
        )
    except MisconfigurationException as error:
        raise ConfigError(" ".join(str(error).split())) from error
    except ValueError as error:  # the parser wraps what a constructor says into pages of its own
        own = own_error(error)
        if own is None or own is error:
            raise
        raise own from error
    except SystemExit as stop:
        if isinstance(stop.__context__, KeyboardInterrupt):  # Lightning makes an exit with status 1 of it
            return 130
        raise
    finally:
        if dist.is_available() and dist.is_initialized():
            if sys.exc_info()[0] is None:
                dist.barrier()
            dist.destroy_process_group()  # without it two-node runs abort at exit now and then
    return 0


@rank_zero_only
def rank_zero_say(text: str) -> None:
    """One message, whatever the number of processes."""
    sys.stderr.write(text + "\n")


def own_error(error: BaseException) -> RestoreError | None:
    """The mistake that a constructor of ours named, somewhere down the chain."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, RestoreError):
        found = found.__cause__ or found.__context__
    return found


def quieten() -> None:
    """Keep Lightning's advertisements and remarks about our own choices out of the terminal."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    for text in (
        ".*does not have many workers.*",
        ".*overridden `on_after_batch_transfer`.*",
        ".*isinstance.treespec.*",
        ".*Checkpoint directory.*exists.*",
        ".*smaller than the logging interval.*",
        ".*WeightAveraging.*",
        ".*sync_dist=True.*",
        ".*callbacks used to create the checkpoint.*",
    ):
        warnings.filterwarnings("ignore", text)


def _checkpoints(folder: Path) -> list[ModelCheckpoint]:
    """The last state, written every epoch, and the best by val/psnr."""
    last = ModelCheckpoint(dirpath=folder, filename="last", save_on_train_epoch_end=True, enable_version_counter=False)
    best = ModelCheckpoint(
        dirpath=folder, filename="best", monitor="val/psnr", mode="max", enable_version_counter=False
    )
    return [last, best]
