"""Numbers that papers print: PSNR and SSIM, and the named protocols they are measured by."""

from restore.metrics.bootstrap import Interval, bootstrap_interval
from restore.metrics.luminance import STUDIO_RANGE, luminance
from restore.metrics.metric import ProtocolMetric, ProtocolPSNR, ProtocolSSIM
from restore.metrics.perceptual import Perceptual, perceptual
from restore.metrics.protocol import PROTOCOLS, Protocol, Scores, find_protocol
from restore.metrics.psnr import psnr
from restore.metrics.ssim import ssim
from restore.metrics.ssim_3d import ssim_3d

__all__ = [
    "PROTOCOLS",
    "STUDIO_RANGE",
    "Interval",
    "Perceptual",
    "Protocol",
    "ProtocolMetric",
    "ProtocolPSNR",
    "ProtocolSSIM",
    "Scores",
    "bootstrap_interval",
    "find_protocol",
    "luminance",
    "perceptual",
    "psnr",
    "ssim",
    "ssim_3d",
]
