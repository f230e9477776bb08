"""Gaussian noise that is correlated between neighbouring pixels and between channels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch
from kornia.filters import filter2d
from torch import Tensor

from restore.degradation.base import Drawn, Step
from restore.degradation.filtering import column
from restore.degradation.random import Range, Source, Stream, normal, pair, values
from restore.errors import ConfigError


class CorrelatedNoise(Step):
    """Adds Gaussian noise whose pixels, or channels, are not independent; neither clipped nor rounded.

    Args:
        sigma: standard deviation in 8-bit grey levels, of every channel (where the covariance is drawn: the most that
            it may be along any axis); a pair (low, high) draws one for each picture.
        width: neighbouring pixels are correlated as white noise is after a Gaussian blur of this width in pixels;
            two places d apart have correlation exp(-d^2 / (4 width^2)). 0 leaves them independent.
        correlation: between any two channels, 0 to 1; 1 is gray noise, the same on all channels.
        covariance: "equal" takes `correlation`; "random" draws a whole covariance between the channels, as Zhang et
            al., "Designing a Practical Degradation Model for Deep Blind Image Super-Resolution", ICCV 2021, section
            3.3, https://arxiv.org/abs/2103.14006, do in their program (cszn/BSRGAN, `add_Gaussian_noise`):
            sigma^2 |U' D U| with D uniform from 0 to 1, U the axes of a matrix of uniform numbers, and the entries'
            absolute values taken, so that no two channels go against each other. A channel's variance is sigma^2 / 2 on
            average, and differs from picture to picture.

    Raises:
        ConfigError: a number out of range, or both a correlation and a random covariance.
    """

    def __init__(
        self,
        sigma: Range = 25.0,
        width: Range = 0.0,
        correlation: Range = 0.0,
        covariance: Literal["equal", "random"] = "equal",
    ) -> None:
        super().__init__()
        self.sigma = pair("sigma", sigma, unit="in grey levels")
        self.width = pair("width", width, unit="in pixels")
        self.correlation = pair("correlation", correlation, 0, 1)
        if covariance not in ("equal", "random"):
            raise ConfigError(f"covariance is equal or random, got {covariance!r}.")
        if covariance == "random" and self.correlation != (0, 0):
            raise ConfigError("A random covariance has correlations of its own. Leave correlation out.")
        self.covariance = covariance

    def draw(self, source: Source) -> Drawn:
        """Sigma, the width of the pixels' correlation, the channels' covariance or correlation, and the noise."""
        drawn: Drawn = {"sigma": source.uniform(*self.sigma), "width": source.uniform(*self.width)}
        if self.covariance == "random":
            drawn |= {"variances": tuple(source.uniform(0, 1) for _ in range(source.channels)), "axes": source.stream()}
        else:
            drawn["correlation"] = source.uniform(*self.correlation)
        return drawn | {"noise": source.stream()}

    def transform(self, clean: Tensor, drawn: Sequence[Drawn]) -> Tensor:
        """Clean pictures and noise, the sum not clipped."""
        noise = self._white_or_smooth(clean, drawn)
        mix = torch.stack([_mix(one, clean.shape[1]) for one in drawn]).to(clean)  # (N, C, C)
        noise = torch.einsum("nij,njhw->nihw", mix, noise)
        return clean + noise * (values(drawn, "sigma", clean) / 255)

    def _white_or_smooth(self, clean: Tensor, drawn: Sequence[Drawn]) -> Tensor:
        """Noise of variance 1, channels independent."""
        streams = [one["noise"] for one in drawn]
        reach = math.ceil(4 * self.width[1])
        if not reach:
            return normal(clean.shape[1:], streams, clean)
        channels, height, width = clean.shape[1:]
        white = normal((channels, height + 2 * reach, width + 2 * reach), streams, clean)
        place = torch.arange(-reach, reach + 1, dtype=torch.float64)
        across = torch.exp(-place.square() / (2 * column(drawn, "width").clamp(min=1e-3).square()))  # (N, 1, k)
        kernel = across * across.transpose(1, 2)  # (N, k, k)
        kernel = kernel / kernel.square().sum(dim=(1, 2), keepdim=True).sqrt()  # keeps the variance, not the mean
        return filter2d(white, kernel.to(clean), border_type="constant", padding="valid")  # (N, C, H, W)


def _mix(drawn: Drawn, channels: int) -> Tensor:
    """(C, C) float64, what independent channels of variance 1 are multiplied with."""
    if "correlation" in drawn:
        own = math.sqrt(1 - drawn["correlation"])
        rest = (math.sqrt(1 + (channels - 1) * drawn["correlation"]) - own) / channels
        return own * torch.eye(channels, dtype=torch.float64) + rest
    stream = Stream(drawn["axes"].seed, "cpu")  # nine numbers: no need of the field's device
    numbers = torch.rand(channels, channels, generator=stream.generator(), dtype=torch.float64)
    axes = torch.linalg.svd(numbers)[0]
    variances = torch.tensor(drawn["variances"], dtype=torch.float64)
    covariance = ((axes.T * variances) @ axes).abs()
    squares, directions = torch.linalg.eigh(covariance)
    return (directions * squares.clamp(min=0).sqrt()) @ directions.T  # its root: `_mix @ _mix.T` is the covariance
