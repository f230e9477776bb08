"""Distillation: the target of training is what trained networks restore, not the clean picture.

Source: the authors' description of MWRCANet (Abdelhamed et al., "NTIRE 2020 Challenge on Real Image Denoising",
CVPRW 2020, https://arxiv.org/abs/2005.04117, team HITVPC & HUAWEI; README of
https://github.com/happycaoyue/NTIRE20_raw_image_denoising_winner_MWRCANet): in their third step two networks are
fine-tuned on pairs of noisy pictures and the average of what both restore, in their fourth one of the two is fine-tuned
"through the use of the noisy images and denoised results of both". Their code was never released: loss and rates are
ours, and so is the reading of the fourth step, in which each picture has one of the two results for its target.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

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
    """Denoising whose training target is what the teachers restore, clipped to [0, 1].

    Validation and test compare with the clean pictures as ever; `train/loss` and `train/psnr` are against the teachers.
    Teachers are frozen, work in float32, and are no part of the checkpoint: they are opened when training starts.

    Args:
        network: what is trained; start it from a teacher's weights with --init_from to fine-tune.
        teachers: weights files, checkpoints, or names of shipped models; from one.
        degradation: see `Denoising`; so are the rest.
        target: "mean", of all teachers, or "each": one teacher's own result, another one for every next picture, so
            that over the pictures all teach alike.

    Raises:
        ConfigError: there is no teacher or no such target; or, when training starts, a teacher takes other pictures
            than the network.
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
        target: Literal["mean", "each"] = "mean",
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
        if target not in ("mean", "each"):
            raise ConfigError(f"Distillation got target={target!r}. Choose mean or each.")
        self.target = target
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
        """As ever; in training what the teachers restore takes the target's place."""
        ready = super().on_after_batch_transfer(batch, dataloader_idx)
        if not self.trainer.training:
            return ready
        restored = self.taught(ready["degraded"], ready.get("sigma"))
        if self.target == "mean":
            return {**ready, "target": restored.mean(0).clamp(0, 1)}
        places = torch.arange(restored.shape[1], device=restored.device)
        which = ready["index"].to(restored.device) % len(self.opened)  # by the patch's number, on whatever rank it is
        return {**ready, "target": restored[which, places].clamp(0, 1)}

    @torch.no_grad()
    def taught(self, degraded: Tensor, sigma: Tensor | None = None) -> Tensor:
        """(N, C, H, W) -> (teachers, N, C, H, W): what each teacher restores, not clipped."""
        pictures = degraded.float().contiguous(memory_format=self.layout)
        levels = () if sigma is None else (sigma,)
        restored = [teacher.to(pictures.device)(pictures, *levels) for teacher in self.opened]
        return torch.stack(restored)

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
