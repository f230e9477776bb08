"""Noise as a camera leaves it in an sRGB file or a raw one.

Brooks et al., "Unprocessing Images for Learned Raw Denoising", CVPR 2019, https://arxiv.org/abs/1811.11127: the picture
is led back to the sensor's linear light (`camera_pipeline.py`), gets a Bayer mosaic's shot and read noise there, and is
processed again. That paper's pipeline has no noise reduction, and cameras do: it is a step of its own here, calibrated
by benchmarks/camera_statistics.py.
"""

from __future__ import annotations

import math

import torch
from kornia.filters import gaussian_blur2d
from torch import Tensor

from restore.degradation.base import Degradation
from restore.degradation.camera_mosaic import DEMOSAICS, PATTERNS, Demosaic, Pattern, demosaic, mosaic, pattern_number
from restore.degradation.camera_pipeline import Camera, color_matrix, from_sensor, to_linear, to_sensor, to_srgb
from restore.degradation.random import normal, uniform
from restore.errors import ConfigError, ShapeError

Range = tuple[float, float]
"""Lowest and highest value of a number that is drawn for each picture."""

LOG_SHOT: Range = (math.log(0.0001), math.log(0.012))
"""Brooks et al., section 3.1: what the Darmstadt Noise Dataset's cameras span."""


class CameraNoise(Degradation):
    """Adds to each picture the noise of a camera setting of its own; not rounded (follow it by `Quantize` or `Jpeg`).

    Only noise is added: the sensor's noise goes through demosaicing, white balance and colour matrix, all linear, and
    joins the linear picture before gamma and tone curve. Without noise the picture comes back as it was, to within
    float rounding, and the clean target of training is the picture itself: a denoiser should not learn to undo the
    softness of demosaicing, which a real noisy photograph and its clean twin both have.

    Args:
        log_shot: natural logarithm of the shot noise's variance per unit of signal, drawn uniformly. Brooks et al.,
            section 3.1, from the Darmstadt Noise Dataset: log 0.0001 to log 0.012. Read noise follows from it:
            its log-variance is normal around 2.18 log_shot + 1.20 with spread 0.26.
        brightness: mean and standard deviation of the inverse of the digital gain (0.8, 0.1; section 3.2).
        red_gain: of the white balance, 1.9 to 2.4 (section 3.2).
        blue_gain: 1.5 to 1.9.
        tone: how often the file has the smoothstep tone curve (Brooks et al.: always).
        pattern: of the mosaic; None draws one for each picture.
        demosaic: method; None draws one for each picture.
        reduced: how often the camera has reduced the noise: blurred it by Gaussians and put a share of it back.
        luma_width: Gaussian's standard deviation for the luma, pixels.
        luma_kept: share of the amplitude of the luma's finer noise that stays.
        chroma_width: the same for the chroma.
        chroma_kept: the same for the chroma.

    Shape:
        input and output: (N, 3, H, W), sRGB in [0, 1]; where noise reduction overshoots, a little outside.

    Raises:
        ConfigError: a range is the wrong way round or outside what it can be, or an unknown pattern or method.
        ShapeError: the pictures are not RGB (on forward).

    Example:
        >>> CameraNoise(reduced=0.0)(torch.rand(2, 3, 16, 16), torch.Generator().manual_seed(0)).shape
        torch.Size([2, 3, 16, 16])
    """

    def __init__(
        self,
        log_shot: Range = LOG_SHOT,
        brightness: Range = (0.8, 0.1),
        red_gain: Range = (1.9, 2.4),
        blue_gain: Range = (1.5, 1.9),
        tone: float = 1.0,
        pattern: Pattern | None = None,
        demosaic: Demosaic | None = None,
        reduced: float = 0.9,
        luma_width: Range = (0.3, 1.2),
        luma_kept: Range = (0.1, 1.0),
        chroma_width: Range = (2.0, 5.5),
        chroma_kept: Range = (0.0, 0.25),
    ) -> None:
        super().__init__()
        if demosaic is not None and demosaic not in DEMOSAICS:
            raise ConfigError(f"There is no demosaicing {demosaic!r}; there are {', '.join(DEMOSAICS)}.")
        floors = {"log_shot": -math.inf, "red_gain": 1e-3, "blue_gain": 1e-3, "luma_width": 0, "chroma_width": 0}
        ranges = {"log_shot": log_shot, "red_gain": red_gain, "blue_gain": blue_gain, "luma_width": luma_width}
        ranges |= {"chroma_width": chroma_width, "luma_kept": luma_kept, "chroma_kept": chroma_kept}
        for name, (low, high) in ranges.items():
            if not floors.get(name, 0) <= low <= high:
                raise ConfigError(f"{name} is a pair (low, high) from {floors.get(name, 0)}, got {(low, high)}.")
        for name, share in {"tone": tone, "reduced": reduced}.items():
            if not 0 <= share <= 1:
                raise ConfigError(f"{name} is a share between 0 and 1, got {share}.")
        if not (brightness[0] > 0 and brightness[1] >= 0):
            raise ConfigError(f"brightness is a mean above 0 and a standard deviation, got {brightness}.")
        self.log_shot, self.brightness, self.red_gain, self.blue_gain = log_shot, brightness, red_gain, blue_gain
        self.tone, self.reduced = tone, reduced
        self.patterns = list(range(len(PATTERNS))) if pattern is None else [pattern_number(pattern)]
        self.methods = list(range(len(DEMOSAICS))) if demosaic is None else [DEMOSAICS.index(demosaic)]
        self.luma_width, self.luma_kept = luma_width, luma_kept
        self.chroma_width, self.chroma_kept = chroma_width, chroma_kept

    def draw(self, clean: Tensor, generator: torch.Generator) -> Camera:
        """One camera setting a picture."""
        weights = torch.cat([uniform(clean, 0, 1, generator) for _ in range(4)], dim=1).flatten(1)  # (N, 4)
        mean, spread = self.brightness
        one = uniform(clean, 1, 1, generator)
        gain = 1 / (mean + spread * normal(one, generator)).clamp(min=mean / 4)
        red, blue = uniform(clean, *self.red_gain, generator), uniform(clean, *self.blue_gain, generator)
        log_shot = uniform(clean, *self.log_shot, generator)
        log_read = 2.18 * log_shot + 1.20 + 0.26 * normal(one, generator)
        tone = (uniform(clean, 0, 1, generator) < self.tone).to(clean)
        pattern, method = (_one_of(choices, clean, generator) for choices in (self.patterns, self.methods))
        return Camera(
            matrix=color_matrix(weights),
            gains=gain * torch.cat([red, one, blue], dim=1),
            tone=tone,
            shot=log_shot.exp(),
            read=log_read.exp(),
            pattern=pattern,
            demosaic=method,
        )

    def forward(self, clean: Tensor, generator: torch.Generator) -> Tensor:
        """The pictures with noise of one camera setting each."""
        if clean.dim() != 4 or clean.shape[1] != 3:
            raise ShapeError(f"CameraNoise expects RGB pictures (N, 3, H, W), got {tuple(clean.shape)}.")
        camera = self.draw(clean, generator)
        noisy = self.add_noise(clean, camera, generator)
        return clean + self._reduce(noisy - clean, generator)

    def add_noise(self, clean: Tensor, camera: Camera, generator: torch.Generator) -> Tensor:
        """The pictures (N, 3, H, W) with the noise of given settings, before any noise reduction."""
        linear = to_linear(clean, camera.tone)
        plane = mosaic(to_sensor(linear, camera), camera.pattern)
        noise = sensor_noise(plane, camera, generator)
        return to_srgb(linear + from_sensor(demosaic(noise, camera.pattern, camera.demosaic), camera), camera.tone)

    def _reduce(self, noise: Tensor, generator: torch.Generator) -> Tensor:
        """What the camera's noise reduction leaves of the noise, luma and chroma apart."""
        luma = noise.mean(dim=1, keepdim=True)  # (N, 1, H, W)
        chroma = noise - luma
        width, kept = (uniform(noise, *drawn, generator) for drawn in (self.luma_width, self.luma_kept))
        wider, share = (uniform(noise, *drawn, generator) for drawn in (self.chroma_width, self.chroma_kept))
        middle = kept + (1 - kept) * uniform(noise, 0, 1, generator)
        coarse = blurred(noise, wider)
        coarse_luma, medium = coarse.mean(dim=1, keepdim=True), blurred(luma, width)
        coarse_chroma = coarse - coarse_luma
        reduced = coarse + middle * (medium - coarse_luma) + kept * (luma - medium) + share * (chroma - coarse_chroma)
        return torch.where(uniform(noise, 0, 1, generator) < self.reduced, reduced, noise)


def sensor_noise(plane: Tensor, camera: Camera, generator: torch.Generator) -> Tensor:
    """Shot and read noise of a mosaic (N, 1, H, W), cut off where the sensor is full.

    Heteroscedastic Gaussian, variance shot * signal + read (Brooks et al., equation 3).
    """
    variance = camera.shot * plane.clamp(min=0) + camera.read
    return torch.minimum(variance.sqrt() * normal(plane, generator), (1 - plane).clamp(min=0))


def blurred(fields: Tensor, width: Tensor) -> Tensor:
    """Each picture blurred by a Gaussian of its own width in pixels, (N, 1, 1, 1); the edge is repeated beyond."""
    side = min(17, 2 * ((min(fields.shape[-2:]) - 1) // 2) + 1)
    sigma = width.clamp(min=0.05).reshape(-1, 1).expand(-1, 2)  # (N, 2)
    return gaussian_blur2d(fields, (side, side), sigma, border_type="replicate")


def _one_of(choices: list[int], pictures: Tensor, generator: torch.Generator) -> Tensor:
    """One of the choices for each picture, (N,)."""
    drawn = torch.randint(len(choices), (len(pictures),), generator=generator, device=generator.device)
    return torch.tensor(choices)[drawn.cpu()].to(pictures.device)
