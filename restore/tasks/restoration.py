"""What every training task shares: a network, a degradation, a loss, an optimiser, metrics by protocol."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

import torch
from pytorch_lightning import LightningModule
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from restore.data import Pictures
from restore.degradation import Degradation
from restore.errors import CheckpointError, ConfigError
from restore.inference.fastest import fastest_setting
from restore.metrics import ProtocolPSNR, ProtocolSSIM, find_protocol, psnr
from restore.networks import RestorationNetwork
from restore.tasks.hyper_parameters import drop_live_objects
from restore.tasks.schedule import keep_options
from restore.types import Batch

OptimizerFactory = Callable[[Iterable[nn.Parameter]], Optimizer]
SchedulerFactory = Callable[[Optimizer], LRScheduler]


class RestorationTask(LightningModule, ABC):
    """Trains a network to undo a degradation that is made on the batch's own device.

    Args:
        network: what is trained.
        degradation: makes the degraded pictures of training, and of validation where the protocol does not say how.
        protocol: name of the evaluation protocol (`restore.metrics.PROTOCOLS`).
        loss: compares restored and target pictures; None is L1.
        optimizer: built from the network's parameters; None is Adam with lr 0.0001.
        scheduler: built from the optimiser and stepped after every optimiser step; None keeps the rate.
        channels_last: keep weights and pictures in the memory layout that convolutions prefer; None is what was
            measured to be quickest for the network on such a machine, and channels_last where nothing was.
        seed: of the degradations: training draws from (seed, epoch, number of the patch), validation
            from the picture's index.

    Raises:
        ConfigError: network, degradation and data disagree on the scale or on the picture's channels.
    """

    def __init__(
        self,
        network: RestorationNetwork,
        degradation: Degradation,
        protocol: str,
        loss: nn.Module | None = None,
        optimizer: OptimizerFactory | None = None,
        scheduler: SchedulerFactory | None = None,
        channels_last: bool | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.save_hyperparameters(logger=False, ignore=["self"])
        drop_live_objects(self.hparams)
        if degradation.scale != network.scale:
            raise ConfigError(
                f"The network restores x{network.scale} but the degradation shrinks x{degradation.scale}. "
                "Set model.init_args.network.init_args.scale and the degradation's scale to one value."
            )
        self.channels_last = channels_last
        self.layout = torch.contiguous_format if channels_last is False else torch.channels_last
        self.network = network.to(memory_format=self.layout)  # type: ignore[call-overload]
        self.degradation = degradation
        self.protocol = find_protocol(protocol).name
        self.loss = loss if loss is not None else nn.L1Loss()
        self.optimizer_factory = optimizer
        self.scheduler_factory = scheduler
        self.seed = seed
        self.scores: dict[str, tuple[ProtocolPSNR, ProtocolSSIM]] = {}
        self.current_names: list[str] = []

    @abstractmethod
    def degrade_for_validation(self, clean: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
        """Clean validation pictures degraded, and the target: the same in every run, on every rank and worker."""

    @classmethod
    def load_from_checkpoint(cls, checkpoint_path: Any, **options: Any) -> Self:  # type: ignore[override]
        """The task of a checkpoint, of the subclass it was; see `restore.tasks.load_task`.

        Raises:
            CheckpointError: the file cannot be used, or holds a task of another class.
        """
        from restore.tasks.checkpoint import load_task  # it needs this class

        task = load_task(checkpoint_path, kind=cls, **options)
        if not isinstance(task, cls):
            raise CheckpointError(f"{checkpoint_path} holds a {type(task).__name__}, not a {cls.__name__}.")
        return task

    def forward(self, degraded: Tensor, sigma: Tensor | None = None) -> Tensor:
        """(N, C, h, w) in [0, 1], and noise levels where the network takes them -> (N, C, scale * h, scale * w)."""
        levels = () if sigma is None else (sigma,)
        return self.network(degraded.contiguous(memory_format=self.layout), *levels)

    def noise_levels(self, target: Tensor, seeds: Sequence[int]) -> Tensor | None:
        """What the network is told of the noise of training: nothing, unless a task says otherwise."""
        return None

    def check(self, data: object) -> None:
        """Compare what network and data both have a number for.

        Raises:
            ConfigError: they disagree on the scale or on the picture's channels.
        """
        raw, mine, theirs = self.degradation.channels, self.network.image_channels, getattr(data, "image_channels", 3)
        if raw is not None and (mine, theirs) != (raw, 3):
            raise ConfigError(
                f"The degradation makes {raw} raw planes of RGB pictures: model.init_args.network.init_args."
                f"image_channels must be {raw} and data.init_args.image_channels 3, they are {mine} and {theirs}."
            )
        for what in ("scale", "image_channels") if raw is None else ("scale",):
            mine, theirs = getattr(self.network, what), getattr(data, what, getattr(self.network, what))
            if mine != theirs:
                raise ConfigError(
                    f"The network has {what}={mine} but the data has {what}={theirs}. "
                    f"Set model.init_args.network.init_args.{what} and data.init_args.{what} to one value."
                )

    def setup(self, stage: str) -> None:
        """Check network against data; settle the memory layout; make one pair of metrics for every named set."""
        if self.channels_last is None:
            device = self.trainer.strategy.root_device
            fastest = fastest_setting(type(self.network).__name__, device, "step")
            self.layout = torch.channels_last if fastest.channels_last else torch.contiguous_format
            self.network.to(memory_format=self.layout)  # type: ignore[call-overload]
        data = getattr(self.trainer, "datamodule", None)
        self.check(data)
        self.set_names = data.set_names(stage) if isinstance(data, Pictures) else ["val"]
        scale = self.network.scale
        self.scores = {
            name: (ProtocolPSNR(self.protocol, scale), ProtocolSSIM(self.protocol, scale)) for name in self.set_names
        }

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """uint8 -> float [0, 1] on the device; then the degradation, unless the data brought its own."""
        target = _to_float(batch["target"])
        if "degraded" in batch:
            return {**batch, "target": target, "degraded": _to_float(batch["degraded"])}
        if self.trainer.training:
            seeds = [_mix(self.seed, self.trainer.current_epoch, number) for number in batch["index"].tolist()]
            with torch.no_grad():
                levels = self.noise_levels(target, seeds)
                degraded, target = self.degradation.degrade_pairs(target, seeds, target.device)
            margin, scale = self.degradation.margin, self.degradation.scale
            made: Batch = {**batch, "degraded": _crop(degraded, margin), "target": _crop(target, margin * scale)}
            return made if levels is None else {**made, "sigma": levels}
        if self.trainer.predicting:
            return {**batch, "degraded": target}
        with torch.no_grad():
            degraded, target = self.degrade_for_validation(target, batch["index"])
        return {**batch, "target": target, "degraded": degraded}

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Log under the optimiser's step: Lightning's own count is one ahead in a run that was resumed."""
        self.trainer.fit_loop.epoch_loop._batches_that_stepped = self.global_step

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The loss of one batch; logs train/loss and train/psnr (plain RGB, of the patches)."""
        self.current_names = batch["name"]
        restored = self(batch["degraded"], batch.get("sigma"))
        loss: Tensor = self.loss(restored, batch["target"])
        self.log("train/loss", loss.detach(), prog_bar=True, batch_size=len(restored))
        if self.trainer._logger_connector.should_update_logs:
            value = psnr(restored.detach().float().clamp(0, 1), batch["target"]).mean()
            self.log("train/psnr", value.float(), prog_bar=True, batch_size=len(restored))
        return loss

    def validation_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> Tensor:
        """Restore, add to the set's metrics; returns the restored pictures, unclipped."""
        return self._evaluate(batch, dataloader_idx)

    def test_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> Tensor:
        """As in validation."""
        return self._evaluate(batch, dataloader_idx)

    def predict_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> Tensor:
        """The restored pictures, clipped to [0, 1]."""
        return self(batch["degraded"]).float().clamp(0, 1)

    def on_validation_epoch_end(self) -> None:
        """Log val/<set>/psnr, val/<set>/ssim and their means val/psnr, val/ssim."""
        self._log_scores("val")

    def on_test_epoch_end(self) -> None:
        """Log test/<set>/psnr, test/<set>/ssim and their means."""
        self._log_scores("test")

    def configure_optimizers(self) -> Any:
        """Only calls the factories; the schedule is stepped with the optimiser."""
        parameters = [p for p in self.network.parameters() if p.requires_grad]
        optimizer = (
            self.optimizer_factory(parameters) if self.optimizer_factory else torch.optim.Adam(parameters, lr=0.0001)
        )
        keep_options(optimizer, rates_too=self.scheduler_factory is None)
        if self.scheduler_factory is None:
            return optimizer
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": self.scheduler_factory(optimizer), "interval": "step"},
        }

    def _evaluate(self, batch: Batch, dataloader_idx: int) -> Tensor:
        restored: Tensor = self(batch["degraded"]).float()
        for metric in self.scores[self.set_names[dataloader_idx]]:
            metric.to(restored.device).update(restored, batch["target"])
        return restored

    def _log_scores(self, stage: str) -> None:
        """Means over pictures, synchronised by the metrics themselves: every rank logs the same number."""
        values: dict[str, Tensor] = {}
        for name, metrics in self.scores.items():
            for key, metric in zip(("psnr", "ssim"), metrics, strict=True):
                values[f"{stage}/{name}/{key}"] = metric.compute().float()
                metric.reset()
        for key in ("psnr", "ssim"):
            values[f"{stage}/{key}"] = torch.stack([v for k, v in values.items() if k.endswith(f"/{key}")]).mean()
        self.log_dict(values, prog_bar=False, rank_zero_only=False)


def _to_float(pixels: Tensor) -> Tensor:
    return pixels.float() / 255 if pixels.dtype == torch.uint8 else pixels


def _crop(x: Tensor, margin: int) -> Tensor:
    return x[..., margin : x.shape[-2] - margin, margin : x.shape[-1] - margin] if margin else x


def _mix(seed: int, epoch: int, index: int) -> int:
    """One seed out of three numbers: a patch's degradation does not depend on its batch, worker or rank."""
    return ((seed * 65_537 + epoch) * 1_000_003 + index) % 2**63
