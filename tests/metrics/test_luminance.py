"""BT.601 luma."""

from __future__ import annotations

import pytest
import torch

from restore.errors import ShapeError
from restore.metrics import luminance


@pytest.mark.parametrize(
    ("colour", "level"),
    [((0, 0, 0), 16), ((1, 1, 1), 235), ((1, 0, 0), 81.481), ((0, 1, 0), 144.553), ((0, 0, 1), 40.966)],
)
def test_known_colours(colour, level):
    rgb = torch.tensor(colour, dtype=torch.float64).reshape(1, 3, 1, 1)
    assert luminance(rgb).item() * 255 == pytest.approx(level, abs=1e-9)


def test_a_gray_picture_has_no_luma_to_compute():
    with pytest.raises(ShapeError, match="gray picture"):
        luminance(torch.rand(1, 1, 4, 4))
