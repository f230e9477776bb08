"""What a camera does between the sensor and the sRGB file, and its inverse.

Brooks et al., "Unprocessing Images for Learned Raw Denoising", CVPR 2019, section 3, https://arxiv.org/abs/1811.11127;
numbers not in the paper's text are those of the authors' program, https://github.com/timothybrooks/unprocessing.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

GAMMA = 2.2
"""Brooks et al., section 3, gamma compression."""

XYZ_TO_CAMERA = (
    (
        (1.0234, -0.2969, -0.2266),
        (-0.5625, 1.6328, -0.0469),
        (-0.0703, 0.2188, 0.6406),
    ),  # Huawei Nexus 6P, its DNG files
    ((0.4913, -0.0541, -0.0202), (-0.6130, 1.3513, 0.2906), (-0.1564, 0.2151, 0.7183)),  # Sony A7R, dcraw's adobe_coeff
    ((0.8380, -0.2630, -0.0639), (-0.2887, 1.0725, 0.2496), (-0.0627, 0.1427, 0.5438)),  # Olympus E-M10, the same
    ((0.6596, -0.2079, -0.0562), (-0.4782, 1.3016, 0.1933), (-0.0970, 0.1581, 0.5181)),  # Sony RX100 IV, the same
)
"""The four cameras of the Darmstadt Noise Dataset, whose convex combinations Brooks et al. draw (section 3)."""

SRGB_TO_XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
"""Of IEC 61966-2-1's primaries and D65 white, http://www.brucelindbloom.com/index.html?Eqn_RGB_XYZ_Matrix.html."""


class Camera(NamedTuple):
    """One camera setting a picture, N of them.

    Attributes:
        matrix: linear sRGB to the sensor's colours, rows sum to one, (N, 3, 3).
        gains: digital brightening times white balance, from sensor to white, (N, 3, 1, 1).
        tone: whether the smoothstep tone curve is part of the file, 0 or 1, (N, 1, 1, 1).
        shot: variance of shot noise per unit of signal, (N, 1, 1, 1).
        read: variance of read noise, (N, 1, 1, 1).
        pattern: number of the Bayer pattern, (N,), see `PATTERNS`.
        demosaic: number of the demosaicing method, (N,), see `DEMOSAICS`.
    """

    matrix: Tensor
    gains: Tensor
    tone: Tensor
    shot: Tensor
    read: Tensor
    pattern: Tensor
    demosaic: Tensor


def color_matrix(weights: Tensor) -> Tensor:
    """Linear sRGB to camera colours, for convex combinations of `XYZ_TO_CAMERA`; white stays white.

    Args:
        weights: (N, 4), not negative; need not sum to one.

    Returns:
        (N, 3, 3), rows sum to one.
    """
    weights = weights / weights.sum(dim=1, keepdim=True)
    cameras = torch.einsum("nk,kij->nij", weights, weights.new_tensor(XYZ_TO_CAMERA))
    matrix = cameras @ weights.new_tensor(SRGB_TO_XYZ)
    return matrix / matrix.sum(dim=2, keepdim=True)


def to_linear(picture: Tensor, tone: Tensor) -> Tensor:
    """Tone curve and gamma undone: sRGB in [0, 1] to linear sRGB in [0, 1]."""
    value = picture.clamp(0, 1)
    flat = 0.5 - torch.sin(torch.asin(1 - 2 * value) / 3)  # of 3 x^2 - 2 x^3
    return torch.where(tone > 0, flat, value).clamp(min=1e-8) ** GAMMA


def to_srgb(linear: Tensor, tone: Tensor) -> Tensor:
    """Clip, gamma, tone curve: linear sRGB to sRGB in [0, 1]."""
    value = linear.clamp(1e-8, 1) ** (1 / GAMMA)
    return torch.where(tone > 0, (3 - 2 * value) * value.square(), value)


def to_sensor(linear: Tensor, camera: Camera) -> Tensor:
    """Linear sRGB to the sensor's linear colours, (N, 3, H, W): colour matrix, then white balance undone.

    Highlights stay bright, which a plain division would not leave so: gains fade out as the pixel's mean goes from 0.9
    to 1 (Brooks et al., section 3, white balance). There `from_sensor` gives more than it was and clips; below it gives
    it back.
    """
    colors = torch.einsum("nij,njhw->nihw", camera.matrix, linear)
    white = ((colors.mean(dim=1, keepdim=True) - 0.9).clamp(min=0) / 0.1).square()
    less = 1 / camera.gains
    return colors * torch.maximum(white + (1 - white) * less, less)


def from_sensor(colors: Tensor, camera: Camera) -> Tensor:
    """White balance, then colour matrix, nothing clipped: the sensor's linear colours to linear sRGB, linearly."""
    matrix = torch.linalg.inv(camera.matrix) * camera.gains.flatten(1)[:, None]
    return torch.einsum("nij,njhw->nihw", matrix, colors)
