"""Colours under fully transparent pixels, which must not bleed into what is seen."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from restore.images.picture import Pixels
from restore.images.tensors import to_pixels, to_tensor


def fill_hidden(pixels: Pixels, alpha: Pixels) -> Pixels:
    """Give the fully transparent pixels the colour of what is seen near them.

    Editors leave anything there, often pure black or magenta, and a network that looks at a neighbourhood
    carries it over the soft edge. Push-pull filling (Gortler et al., "The Lumigraph", SIGGRAPH 1996, section
    3.4): averages of the seen pixels at halved sizes, taken from the finest size that has any.

    Shape:
        pixels (H, W, C), alpha (H, W); the result is (H, W, C), equal to `pixels` wherever alpha is above 0.
    """
    seen = alpha > 0
    if seen.all() or not seen.any():
        return pixels
    weights = torch.from_numpy(seen).to(torch.float32)[None, None]  # (1, 1, H, W)
    filled = to_pixels(_push_pull(to_tensor(pixels)[None], weights)[0], pixels.dtype)
    return np.where(seen[:, :, None], pixels, filled)


def _push_pull(colours: Tensor, weights: Tensor) -> Tensor:
    height, width = colours.shape[-2:]
    if height == width == 1 or bool(weights.all()):
        return colours
    total = F.avg_pool2d(weights, 2, ceil_mode=True)  # (1, 1, H/2, W/2)
    halved = F.avg_pool2d(colours * weights, 2, ceil_mode=True) / total.clamp(min=1e-6)  # (1, C, H/2, W/2)
    coarse = _push_pull(halved, (total > 0).to(weights.dtype))
    return torch.where(weights > 0, colours, F.interpolate(coarse, (height, width), mode="bilinear"))
