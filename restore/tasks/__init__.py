"""LightningModules: network, degradation, loss, optimiser and metrics. Every public name is exported here."""

from restore.tasks.checkpoint import load_task, read_checkpoint
from restore.tasks.denoising import Denoising
from restore.tasks.distillation import Distillation
from restore.tasks.lamb import LAMB
from restore.tasks.restoration import RestorationTask
from restore.tasks.schedule import WarmupStableDecay
from restore.tasks.super_resolution import SuperResolution

__all__ = [
    "LAMB",
    "Denoising",
    "Distillation",
    "RestorationTask",
    "SuperResolution",
    "WarmupStableDecay",
    "load_task",
    "read_checkpoint",
]
