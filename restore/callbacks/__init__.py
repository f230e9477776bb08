"""What happens around training. Every public name is exported here."""

from restore.callbacks.ema import EMA
from restore.callbacks.loss_guard import LossGuard
from restore.callbacks.progress import Progress
from restore.callbacks.throughput import Throughput

__all__ = ["EMA", "LossGuard", "Progress", "Throughput"]
