"""A patch that is cut with its margin, shrunk and cropped equals the same place of the whole shrunk picture."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from restore.degradation import Bicubic
from restore.errors import ConfigError

SIDE = 6  # of the degraded patch
HEIGHT, WIDTH = 14, 17  # of the degraded picture


def whole_picture(scale):
    random = np.random.default_rng(scale)
    edges = random.integers(0, 2, (1, 3, HEIGHT * scale, WIDTH * scale)) * 255  # hard edges: clipping matters
    return torch.from_numpy(edges).float() / 255


@pytest.mark.parametrize("preset", ["matlab", "matlab-classic", "bicubic"])
@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_patches_equal_the_whole(preset, scale):
    degradation, clean, generator = Bicubic(scale, preset), whole_picture(scale), torch.Generator()
    whole = degradation(clean, generator)
    around = degradation.margin * scale
    padded = np.pad(clean.numpy(), [(0, 0), (0, 0), (around, around), (around, around)], mode=degradation.border)
    size = (SIDE + 2 * degradation.margin) * scale
    inside = slice(degradation.margin, degradation.margin + SIDE)
    for top in (0, 1, 4, HEIGHT - SIDE):
        for left in (0, 1, 5, WIDTH - SIDE):
            cut = padded[..., top * scale : top * scale + size, left * scale : left * scale + size]
            patch = degradation(torch.from_numpy(cut.copy()), generator)[..., inside, inside]
            assert torch.equal(patch, whole[..., top : top + SIDE, left : left + SIDE]), (top, left)


def test_a_smaller_margin_would_not_do():
    degradation, clean, generator = Bicubic(4), whole_picture(4), torch.Generator()
    patch = degradation(clean[..., 12:44, 12:44], generator)[..., 1:-1, 1:-1]
    assert not torch.equal(patch, degradation(clean, generator)[..., 4:10, 4:10])


def test_mistakes_are_told_at_once():
    with pytest.raises(ConfigError, match="2 times or more"):
        Bicubic(1)
    with pytest.raises(ConfigError, match="matlab-classic"):
        Bicubic(2, "octave")
