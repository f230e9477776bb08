"""Noise of counted light: its variance grows with the signal."""

from __future__ import annotations

from collections.abc import Sequence

from kornia.color import rgb_to_grayscale
from torch import Tensor

from restore.degradation.base import Drawn, Step
from restore.degradation.random import Range, Source, normal, pair, poisson, values


class PoissonNoise(Step):
    """Photon noise: the picture is counted in photons; variance of a pixel x is strength^2 x / photons.

    Neither clipped nor rounded. Values below 0 get the noise of 0, which is none.

    Args:
        photons: how many a white pixel has; a pair (low, high) draws one for each picture.
        strength: the noise is multiplied with it. 1 is Poisson noise; Real-ESRGAN's "scale" is this number.
        gray: noise drawn from the gray picture and the same on all channels.

    Raises:
        ConfigError: photons not above 0, a negative strength, or a pair the wrong way round.
    """

    def __init__(self, photons: Range = (20.0, 1000.0), strength: Range = 1.0, gray: bool = False) -> None:
        super().__init__()
        self.photons = pair("photons", photons, 0, above=True)
        self.strength = pair("strength", strength)
        self.gray = gray

    def draw(self, source: Source) -> Drawn:
        """Photons, strength, and the noise."""
        drawn = {"photons": source.uniform(*self.photons), "strength": source.uniform(*self.strength)}
        return drawn | {"gray": self.gray, "noise": source.stream()}

    def transform(self, clean: Tensor, drawn: Sequence[Drawn]) -> Tensor:
        """Clean pictures and noise, the sum not clipped."""
        light = rgb_to_grayscale(clean) if self.gray and clean.shape[1] == 3 else clean
        return clean + values(drawn, "strength", clean) * _photon_noise(light, drawn)


class PoissonGaussianNoise(Step):
    """Photon noise and noise of the electronics: variance of a pixel x is x / photons + (sigma / 255)^2.

    Foi et al., "Practical Poissonian-Gaussian Noise Modeling and Fitting for Single-Image Raw-Data", IEEE TIP 2008,
    section II, https://doi.org/10.1109/TIP.2008.2001399. Neither clipped nor rounded.

    Args:
        photons: how many a white pixel has; a pair (low, high) draws one for each picture.
        sigma: of the Gaussian part, in 8-bit grey levels; or a pair.

    Raises:
        ConfigError: photons not above 0, a negative sigma, or a pair the wrong way round.
    """

    def __init__(self, photons: Range = (20.0, 1000.0), sigma: Range = (0.0, 10.0)) -> None:
        super().__init__()
        self.photons = pair("photons", photons, 0, above=True)
        self.sigma = pair("sigma", sigma, unit="in grey levels")

    def draw(self, source: Source) -> Drawn:
        """Photons, sigma, and a field of noise for each part."""
        drawn = {"photons": source.uniform(*self.photons), "sigma": source.uniform(*self.sigma)}
        return drawn | {"noise": source.stream(), "electronics": source.stream()}

    def transform(self, clean: Tensor, drawn: Sequence[Drawn]) -> Tensor:
        """Clean pictures and noise, the sum not clipped."""
        electronics = normal(clean.shape[1:], [one["electronics"] for one in drawn], clean)
        return clean + _photon_noise(clean, drawn) + electronics * (values(drawn, "sigma", clean) / 255)


def _photon_noise(light: Tensor, drawn: Sequence[Drawn]) -> Tensor:
    photons = values(drawn, "photons", light)
    light = light.detach().clamp(min=0)  # a count has no gradient: the noise is taken for a constant
    return poisson(light * photons, [one["noise"] for one in drawn]) / photons - light
