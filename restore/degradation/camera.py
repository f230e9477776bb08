"""Noise as a camera leaves it in an sRGB file or a raw one.

Brooks et al., "Unprocessing Images for Learned Raw Denoising", CVPR 2019, https://arxiv.org/abs/1811.11127: the picture
is led back to the sensor's linear light (`camera_pipeline.py`), gets a Bayer mosaic's shot and read noise there, and is
processed again. That paper's pipeline has no noise reduction, and cameras do: it is a step of its own here, calibrated
by benchmarks/camera_statistics.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, get_args

import torch
from kornia.filters import gaussian_blur2d
from torch import Tensor

from restore.degradation.base import Drawn, Step
from restore.degradation.camera_mosaic import (
    DEMOSAICS,
    PATTERNS,
    Demosaic,
    Pattern,
    demosaic,
    mosaic,
    pack,
    pattern_number,
)
from restore.degradation.camera_pipeline import (
    XYZ_TO_CAMERA,
    Camera,
    color_matrix,
    from_sensor,
    to_linear,
    to_sensor,
    to_srgb,
)
from restore.degradation.random import Source, Stream, normal, values
from restore.errors import ConfigError, ShapeError

Output = Literal["srgb", "plane", "packed"]

LOG_SHOT: tuple[float, float] = (math.log(0.0001), math.log(0.012))
"""Brooks et al., section 3, shot and read noise: what the Darmstadt Noise Dataset's cameras span."""


class CameraNoise(Step):
    """Adds to each picture the noise of a camera setting of its own; not rounded (follow it by `Quantize` or `Jpeg`).

    Only noise is added: the sensor's noise goes through demosaicing, white balance and colour matrix, all linear, and
    joins the linear picture before gamma and tone curve. Without noise the picture comes back as it was, to within
    float rounding, and the clean target of training is the picture itself: a denoiser should not learn to undo the
    softness of demosaicing, which a real noisy photograph and its clean twin both have.

    With `output` "plane" or "packed" the sensor's raw values come out instead, linear, black at 0 and white at 1: shot
    and read noise and no more, so that a few are below 0 (follow it by `Clip` for sensors that cut there). `target`
    then gives the same planes without noise.

    Args:
        log_shot: natural logarithm of the shot noise's variance per unit of signal, drawn uniformly. Brooks et al.,
            section 3, from the Darmstadt Noise Dataset: log 0.0001 to log 0.012. Read noise follows from it:
            its log-variance is normal around 2.18 log_shot + 1.20 with spread 0.26.
        brightness: mean and standard deviation of the inverse of the digital gain (0.8, 0.1; section 3, digital gain).
        red_gain: of the white balance, 1.9 to 2.4 (section 3, white balance).
        blue_gain: 1.5 to 1.9.
        tone: how often the file has the smoothstep tone curve (Brooks et al.: always).
        pattern: of the mosaic; None draws one for each picture.
        demosaic: method; None draws one for each picture.
        reduced: how often the camera has reduced the noise: blurred it by Gaussians and put a share of it back.
        luma_width: Gaussian's standard deviation for the luma, pixels.
        luma_kept: share of the amplitude of the luma's finer noise that stays.
        chroma_width: the same for the chroma.
        chroma_kept: the same for the chroma.
        output: "srgb"; "plane", the Bayer mosaic; or "packed", its red, green, green and blue as planes of half the
            size (an odd last row or column is left out). Raw output needs none of the options from `demosaic` on.

    Shape:
        input (N, 3, H, W), sRGB in [0, 1]; output the same (where noise reduction overshoots, a little outside), or
        raw (N, 1, H, W), or (N, 4, H / 2, W / 2).

    Raises:
        ConfigError: a range is the wrong way round or outside what it can be, or an unknown pattern, method or output.
        ShapeError: the pictures are not RGB (on forward).

    Example:
        >>> CameraNoise(reduced=0.0)(torch.rand(2, 3, 16, 16), torch.Generator().manual_seed(0)).shape
        torch.Size([2, 3, 16, 16])
    """

    def __init__(
        self,
        log_shot: tuple[float, float] = LOG_SHOT,
        brightness: tuple[float, float] = (0.8, 0.1),
        red_gain: tuple[float, float] = (1.9, 2.4),
        blue_gain: tuple[float, float] = (1.5, 1.9),
        tone: float = 1.0,
        pattern: Pattern | None = None,
        demosaic: Demosaic | None = None,
        reduced: float = 0.9,
        luma_width: tuple[float, float] = (0.3, 1.2),
        luma_kept: tuple[float, float] = (0.1, 1.0),
        chroma_width: tuple[float, float] = (2.0, 5.5),
        chroma_kept: tuple[float, float] = (0.0, 0.25),
        output: Output = "srgb",
    ) -> None:
        super().__init__()
        if demosaic is not None and demosaic not in DEMOSAICS:
            raise ConfigError(f"There is no demosaicing {demosaic!r}; there are {', '.join(DEMOSAICS)}.")
        if output not in get_args(Output):
            raise ConfigError(f"There is no output {output!r}; there are {', '.join(get_args(Output))}.")
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
        self.output = output
        self.channels = {"srgb": None, "plane": 1, "packed": 4}[output]

    def draw(self, source: Source) -> Drawn:
        """One camera setting, how its noise reduction works, and the noise."""
        if self.channels is not None:
            source.channels = self.channels
        if self.output == "packed":
            source.size = source.size[0] // 2, source.size[1] // 2
        weights = tuple(source.uniform(0, 1) for _ in XYZ_TO_CAMERA)
        mean, spread = self.brightness
        gain = 1 / max(mean + spread * source.normal(), mean / 4)
        red, blue = source.uniform(*self.red_gain), source.uniform(*self.blue_gain)
        log_shot = source.uniform(*self.log_shot)
        luma_kept = source.uniform(*self.luma_kept)
        return {
            "weights": weights,
            "gains": (gain * red, gain, gain * blue),
            "tone": source.chance(self.tone),
            "shot": math.exp(log_shot),
            "read": math.exp(2.18 * log_shot + 1.20 + 0.26 * source.normal()),
            "pattern": self.patterns[source.integer(0, len(self.patterns) - 1)],
            "demosaic": self.methods[source.integer(0, len(self.methods) - 1)],
            "reduced": source.chance(self.reduced),
            "luma_width": source.uniform(*self.luma_width),
            "luma_kept": luma_kept,
            "middle_kept": source.uniform(luma_kept, 1),
            "chroma_width": source.uniform(*self.chroma_width),
            "chroma_kept": source.uniform(*self.chroma_kept),
            "noise": source.stream(),
        }

    def settings(self, drawn: Sequence[Drawn], like: Tensor) -> Camera:
        """What was drawn, as the batch's camera settings."""
        weights, gains, tone, shot, read = (
            values(drawn, name, like) for name in ("weights", "gains", "tone", "shot", "read")
        )
        pattern, method = (
            torch.tensor([one[name] for one in drawn], device=like.device) for name in ("pattern", "demosaic")
        )
        return Camera(color_matrix(weights.flatten(1)), gains, tone, shot, read, pattern, method)

    def transform(self, clean: Tensor, drawn: Sequence[Drawn]) -> Tensor:
        """The pictures with noise of one camera setting each."""
        if clean.dim() != 4 or clean.shape[1] != 3:
            raise ShapeError(f"CameraNoise expects RGB pictures (N, 3, H, W), got {tuple(clean.shape)}.")
        camera = self.settings(drawn, clean)
        streams = [one["noise"] for one in drawn]
        if self.output != "srgb":
            plane = self.expose(clean, camera)
            return self._raw(plane + sensor_noise(plane, camera, streams), camera)
        return clean + _reduce(self.add_noise(clean, camera, streams) - clean, drawn)

    def transform_target(self, clean: Tensor, drawn: Sequence[Drawn]) -> Tensor:
        """The clean pictures, or for raw output their mosaics without noise."""
        if self.output == "srgb":
            return clean
        camera = self.settings(drawn, clean)
        return self._raw(self.expose(clean, camera), camera)

    def expose(self, clean: Tensor, camera: Camera) -> Tensor:
        """What the sensor of given settings would record of the pictures without noise: mosaics (N, 1, H, W)."""
        return mosaic(to_sensor(to_linear(clean, camera.tone), camera), camera.pattern).clamp(min=0)

    def add_noise(self, clean: Tensor, camera: Camera, streams: Sequence[Stream]) -> Tensor:
        """The pictures (N, 3, H, W) with the noise of given settings, before any noise reduction."""
        linear = to_linear(clean, camera.tone)
        plane = mosaic(to_sensor(linear, camera), camera.pattern)
        noise = sensor_noise(plane, camera, streams)
        return to_srgb(linear + from_sensor(demosaic(noise, camera.pattern, camera.demosaic), camera), camera.tone)

    def _raw(self, plane: Tensor, camera: Camera) -> Tensor:
        if self.output == "plane":
            return plane
        height, width = plane.shape[-2:]
        return pack(plane[..., : height // 2 * 2, : width // 2 * 2], camera.pattern)


def _reduce(noise: Tensor, drawn: Sequence[Drawn]) -> Tensor:
    """What the camera's noise reduction leaves of the noise, luma and chroma apart."""
    names = ("luma_width", "luma_kept", "middle_kept", "chroma_width", "chroma_kept", "reduced")
    width, kept, middle, wider, share, happens = (values(drawn, name, noise) for name in names)
    luma = noise.mean(dim=1, keepdim=True)  # (N, 1, H, W)
    chroma = noise - luma
    coarse = blurred(noise, wider)
    coarse_luma, medium = coarse.mean(dim=1, keepdim=True), blurred(luma, width)
    coarse_chroma = coarse - coarse_luma
    reduced = coarse + middle * (medium - coarse_luma) + kept * (luma - medium) + share * (chroma - coarse_chroma)
    return torch.where(happens > 0, reduced, noise)


def sensor_noise(plane: Tensor, camera: Camera, streams: Sequence[Stream]) -> Tensor:
    """Shot and read noise of a mosaic (N, 1, H, W), cut off where the sensor is full.

    Heteroscedastic Gaussian, variance shot * signal + read (Brooks et al., section 3).
    """
    variance = camera.shot * plane.clamp(min=0) + camera.read
    return torch.minimum(variance.sqrt() * normal(plane.shape[1:], streams, plane), (1 - plane).clamp(min=0))


def blurred(fields: Tensor, width: Tensor) -> Tensor:
    """Each picture blurred by a Gaussian of its own width in pixels, (N, 1, 1, 1); the edge is repeated beyond."""
    side = min(17, 2 * ((min(fields.shape[-2:]) - 1) // 2) + 1)
    sigma = width.clamp(min=0.05).reshape(-1, 1).expand(-1, 2)  # (N, 2)
    return gaussian_blur2d(fields, (side, side), sigma, border_type="replicate")
