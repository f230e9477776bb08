"""Numbers that papers print: PSNR and SSIM, and the named protocols they are measured by."""

from restore.metrics.luminance import luminance
from restore.metrics.metric import ProtocolMetric, ProtocolPSNR, ProtocolSSIM
from restore.metrics.protocol import PROTOCOLS, Protocol, Scores, find_protocol
from restore.metrics.psnr import psnr
from restore.metrics.ssim import ssim

__all__ = [
    "PROTOCOLS",
    "Protocol",
    "ProtocolMetric",
    "ProtocolPSNR",
    "ProtocolSSIM",
    "Scores",
    "find_protocol",
    "luminance",
    "psnr",
    "ssim",
]
