"""From clean pictures to degraded ones: every step takes its randomness from a generator."""

from restore.degradation.base import Degradation, Drawn, Step
from restore.degradation.bicubic import Bicubic
from restore.degradation.blur import GaussianBlur
from restore.degradation.camera import CameraNoise
from restore.degradation.compose import Chain, OneOf, Sometimes
from restore.degradation.jpeg import Jpeg
from restore.degradation.noise import GaussianNoise, protocol_noise
from restore.degradation.quantize import Clip, Quantize, Round
from restore.degradation.resize import enlarge, imresize

__all__ = [
    "Bicubic",
    "CameraNoise",
    "Chain",
    "Clip",
    "Degradation",
    "Drawn",
    "GaussianBlur",
    "GaussianNoise",
    "Jpeg",
    "OneOf",
    "Quantize",
    "Round",
    "Sometimes",
    "Step",
    "enlarge",
    "imresize",
    "protocol_noise",
]
