"""Noise as a camera leaves it in an sRGB file: a first model.

Shot and read noise with the distribution of Brooks et al., "Unprocessing Images for Learned Raw Denoising", CVPR 2019,
section 3.3, https://arxiv.org/abs/1811.11127, drawn in linear light behind sampled white-balance gains; spread over
neighbours as bilinear demosaicing of a Bayer mosaic does; smoothed, chroma more than luma, as cameras do after that;
then the sRGB curve. Colour matrix and tone curve are left out: the clean picture is taken for the camera's own output.
"""

from __future__ import annotations

import math

import torch
from kornia.filters import gaussian_blur2d
from torch import Tensor
from torch.nn import functional as F

from restore.degradation.base import Degradation
from restore.degradation.random import normal, uniform
from restore.errors import ShapeError


class CameraNoise(Degradation):
    """Signal-dependent, spatially correlated noise; neither clipped nor rounded (follow it by `Quantize` or `Jpeg`).

    Args:
        log_shot: range of the natural logarithm of the shot-noise gain, uniform (Brooks et al.: 0.0001 to 0.012).
        smoothing: widest Gaussian that the luma of the noise is smoothed with, pixels; the width is drawn from 0.
        chroma_smoothing: the same for the chroma.
        strength: range of the share of its amplitude that the smoothed luma noise keeps.
        chroma_strength: the same for the chroma.
        coarse: largest share of the luma noise's variance that is as smooth as the chroma's, drawn from 0: what a
            camera's own noise reduction leaves over.

    Shape:
        input and output: (N, 3, H, W), sRGB in [0, 1].

    Raises:
        ShapeError: the pictures are not RGB.
    """

    def __init__(
        self,
        log_shot: tuple[float, float] = (math.log(0.0001), math.log(0.012)),
        smoothing: float = 1.3,
        chroma_smoothing: float = 3.0,
        strength: tuple[float, float] = (0.25, 1.0),
        chroma_strength: tuple[float, float] = (0.15, 0.8),
        coarse: float = 0.5,
    ) -> None:
        super().__init__()
        self.log_shot = log_shot
        self.smoothing = smoothing
        self.chroma_smoothing = chroma_smoothing
        self.strength = strength
        self.chroma_strength = chroma_strength
        self.coarse = coarse

    def forward(self, clean: Tensor, generator: torch.Generator) -> Tensor:
        """The pictures with noise of one camera setting each."""
        if clean.dim() != 4 or clean.shape[1] != 3:
            raise ShapeError(f"CameraNoise expects RGB pictures (N, 3, H, W), got {tuple(clean.shape)}.")
        linear = to_linear(clean)
        red, blue = uniform(clean, 1.2, 2.4, generator), uniform(clean, 1.2, 2.4, generator)
        gains = torch.cat([red, torch.ones_like(red), blue], dim=1)  # (N, 3, 1, 1)
        log_shot = uniform(clean, *self.log_shot, generator)
        spread = normal(log_shot, generator)
        read = torch.exp((2.18 * log_shot + 1.20 + 0.26 * spread) / 2)  # standard deviation, Brooks et al. eq. 4
        variance = log_shot.exp() * (linear / gains) + read.square()  # of the raw samples
        noise = gains * demosaic_noise(variance.sqrt() * normal(clean, generator))
        return to_srgb(linear + self._smoothed(noise, generator))

    def _smoothed(self, noise: Tensor, generator: torch.Generator) -> Tensor:
        """Luma and chroma of the noise blurred each by its own width, part of their amplitude given back."""
        luma = noise.mean(dim=1, keepdim=True)  # (N, 1, H, W)
        chroma = noise - luma
        width = uniform(noise, 0, self.chroma_smoothing, generator)
        strength, share = uniform(noise, *self.strength, generator), uniform(noise, 0, self.coarse, generator)
        fine = _blurred(luma, uniform(noise, 0, self.smoothing, generator), strength * (1 - share).sqrt())
        rest = _blurred(chroma, width, uniform(noise, *self.chroma_strength, generator))
        return fine + _blurred(luma, width, strength * share.sqrt()) + rest


def demosaic_noise(noise: Tensor) -> Tensor:
    """Keep the samples of an RGGB mosaic and interpolate the rest bilinearly, (N, 3, H, W) -> (N, 3, H, W)."""
    mask = torch.zeros_like(noise[:1])
    mask[:, 0, 0::2, 0::2] = 1
    mask[:, 1, 0::2, 1::2] = 1
    mask[:, 1, 1::2, 0::2] = 1
    mask[:, 2, 1::2, 1::2] = 1
    sparse = noise.new_tensor([[0.25, 0.5, 0.25], [0.5, 1.0, 0.5], [0.25, 0.5, 0.25]])
    dense = noise.new_tensor([[0.0, 0.25, 0.0], [0.25, 1.0, 0.25], [0.0, 0.25, 0.0]])
    kernels = torch.stack([sparse, dense, sparse])[:, None]  # (3, 1, 3, 3)
    mode = "reflect" if min(noise.shape[-2:]) > 1 else "replicate"
    return F.conv2d(F.pad(noise * mask, (1, 1, 1, 1), mode=mode), kernels, groups=3)


def to_linear(srgb: Tensor) -> Tensor:
    """The sRGB curve undone (IEC 61966-2-1), both in [0, 1]."""
    return torch.where(srgb <= 0.04045, srgb / 12.92, ((srgb.clamp(min=0) + 0.055) / 1.055) ** 2.4)


def to_srgb(linear: Tensor) -> Tensor:
    """The sRGB curve; values below nought go on along its straight part."""
    return torch.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear.clamp(min=0.0031308) ** (1 / 2.4) - 0.055)


def _blurred(noise: Tensor, width: Tensor, strength: Tensor) -> Tensor:
    """Blur each picture by its own width, then scale its amplitude to `strength` of what it was."""
    side = min(13, 2 * ((min(noise.shape[-2:]) - 1) // 2) + 1)
    sigma = width.clamp(min=0.05).reshape(-1, 1).expand(-1, 2)  # (N, 2)
    soft = gaussian_blur2d(noise, (side, side), sigma, border_type="replicate")
    before, after = (field.std(dim=(1, 2, 3), keepdim=True, correction=0) for field in (noise, soft))
    kept = after / before.clamp(min=1e-8)
    return soft * (strength / kept.clamp(min=1e-3)).clamp(max=20)
