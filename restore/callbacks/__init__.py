"""What happens around training. Every public name is exported here."""

from restore.callbacks.best_weights import BestWeights
from restore.callbacks.ema import EMA
from restore.callbacks.image_writer import ImageWriter
from restore.callbacks.interrupt import SaveOnInterrupt
from restore.callbacks.loss_guard import LossGuard
from restore.callbacks.progress import Progress
from restore.callbacks.run_summary import RunSummary
from restore.callbacks.sample_images import SampleImages
from restore.callbacks.throughput import Throughput

__all__ = [
    "EMA",
    "BestWeights",
    "ImageWriter",
    "LossGuard",
    "Progress",
    "RunSummary",
    "SampleImages",
    "SaveOnInterrupt",
    "Throughput",
]
