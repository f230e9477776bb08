"""From clean pictures to degraded ones: every step takes its randomness from a generator."""

from restore.degradation.anisotropic import AnisotropicBlur, GeneralizedGaussianBlur, PlateauBlur
from restore.degradation.base import Degradation, Drawn, Step
from restore.degradation.bicubic import Bicubic
from restore.degradation.blur import GaussianBlur
from restore.degradation.camera import CameraNoise
from restore.degradation.compose import Chain, OneOf, Sometimes
from restore.degradation.correlated import CorrelatedNoise
from restore.degradation.decimate import Decimate
from restore.degradation.defocus import DefocusBlur
from restore.degradation.differentiable_jpeg import DifferentiableJpeg
from restore.degradation.jpeg import Jpeg
from restore.degradation.motion import MotionBlur
from restore.degradation.noise import GaussianNoise, protocol_noise
from restore.degradation.poisson import PoissonGaussianNoise, PoissonNoise
from restore.degradation.quantize import Clip, Quantize, Round
from restore.degradation.resize import enlarge, imresize
from restore.degradation.resizing import RandomResize, ResizeTo
from restore.degradation.salt_and_pepper import SaltAndPepperNoise
from restore.degradation.shuffle import Shuffle
from restore.degradation.sinc import SincFilter
from restore.degradation.speckle import SpeckleNoise
from restore.degradation.webp import WebP

__all__ = [
    "AnisotropicBlur",
    "Bicubic",
    "CameraNoise",
    "Chain",
    "Clip",
    "CorrelatedNoise",
    "Decimate",
    "DefocusBlur",
    "Degradation",
    "DifferentiableJpeg",
    "Drawn",
    "GaussianBlur",
    "GaussianNoise",
    "GeneralizedGaussianBlur",
    "Jpeg",
    "MotionBlur",
    "OneOf",
    "PlateauBlur",
    "PoissonGaussianNoise",
    "PoissonNoise",
    "Quantize",
    "RandomResize",
    "ResizeTo",
    "Round",
    "SaltAndPepperNoise",
    "Shuffle",
    "SincFilter",
    "Sometimes",
    "SpeckleNoise",
    "Step",
    "WebP",
    "enlarge",
    "imresize",
    "protocol_noise",
]
