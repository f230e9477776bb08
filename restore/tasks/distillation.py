"""Distillation: the target of training is what trained networks restore, not the clean picture.

Source: the authors' description of MWRCANet (Abdelhamed et al., "NTIRE 2020 Challenge on Real Image Denoising",
CVPRW 2020, https://arxiv.org/abs/2005.04117, team HITVPC & HUAWEI): two networks are fine-tuned towards the average
of their own predictions. Their code for it was never released; loss and rates are ours to choose.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from restore.degradation import Degradation
from restore.errors import ConfigError
from restore.networks import RestorationNetwork
from restore.tasks.denoising import Denoising
from restore.tasks.restoration import OptimizerFactory, SchedulerFactory
from restore.types import Batch
from restore.zoo import load_network


class Distillation(Denoising):
    """Denoising whose training target is the mean of what the teachers restore, clipped to [0, 1].

    Validation and test compare with the clean pictures as ever; `train/loss` and `train/psnr` are against the mean.
    Teachers are frozen, work in float32, and are no part of the checkpoint: they are opened when training starts.

    Args:
        network: what is trained; start it from a teacher's weights with --init_from to fine-tune.
        teachers: weights files, checkpoints, or names of shipped models; from one.
        degradation: see `Denoising`; so are the rest.

    Raises:
        ConfigError: there is no teacher, or one takes other pictures than the network (when training starts).
        CheckpointError: a teacher cannot be opened (when training starts).
    """

    def __init__(
        self,
        network: RestorationNetwork,
        teachers: Sequence[str],
        degradation: Degradation | None = None,
        protocol: str = "awgn-rgb",
        sigma: float = 25.0,
        loss: nn.Module | None = None,
        optimizer: OptimizerFactory | None = None,
        scheduler: SchedulerFactory | None = None,
        channels_last: bool | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(
            network=network,
            degradation=degradation,
            protocol=protocol,
            sigma=sigma,
            loss=loss,
            optimizer=optimizer,
            scheduler=scheduler,
            channels_last=channels_last,
            seed=seed,
        )
        if not teachers:
            raise ConfigError("Distillation got no teachers. Give at least one weights file, or use Denoising.")
        self.teachers = list(teachers)
        self.opened: list[RestorationNetwork] = []  # a list hides them from the state and from the optimiser

    def setup(self, stage: str) -> None:
        """Open the teachers where there is training."""
        super().setup(stage)
        if stage == "fit":
            self.opened = [self._open(name) for name in self.teachers]

    def teardown(self, stage: str) -> None:
        """Let go of the teachers."""
        self.opened = []

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """As ever; in training the teachers' mean takes the target's place."""
        ready = super().on_after_batch_transfer(batch, dataloader_idx)
        return (
            {**ready, "target": self.pseudo_target(ready["degraded"], ready.get("sigma"))}
            if self.trainer.training
            else ready
        )

    @torch.no_grad()
    def pseudo_target(self, degraded: Tensor, sigma: Tensor | None = None) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W): the mean of what the teachers restore, clipped."""
        pictures = degraded.float().contiguous(memory_format=self.layout)
        levels = () if sigma is None else (sigma,)
        restored = [teacher.to(pictures.device)(pictures, *levels) for teacher in self.opened]
        return torch.stack(restored).mean(0).clamp(0, 1)

    def _open(self, name: str) -> RestorationNetwork:
        teacher, _ = load_network(name)
        for what in ("scale", "image_channels", "takes_sigma"):
            mine, theirs = getattr(self.network, what), getattr(teacher, what)
            if mine != theirs:
                raise ConfigError(
                    f"The network has {what}={mine} but the teacher {name} has {what}={theirs}. "
                    "Choose a teacher for the same pictures."
                )
        return teacher.float().requires_grad_(False).to(memory_format=self.layout)  # type: ignore[call-overload]
