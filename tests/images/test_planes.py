"""Planes of pixels: the same for every flip and turn of a view."""

from __future__ import annotations

import numpy as np
import pytest

from restore.images import to_planes

_TURNS = {
    "as it is": lambda x: x,
    "upside down": lambda x: x[::-1],
    "mirrored": lambda x: x[:, ::-1],
    "half a turn": lambda x: np.rot90(x, 2),
    "a quarter left": lambda x: np.rot90(x, 1),
    "a quarter right": lambda x: np.rot90(x, 3),
    "transposed": lambda x: x.swapaxes(0, 1),
    "transposed the other way": lambda x: np.rot90(x, 2).swapaxes(0, 1),
}


@pytest.mark.parametrize("turn", _TURNS.values(), ids=_TURNS)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("height", "width"), [(7, 5), (1, 6), (6, 1), (1, 1), (40, 33)])
@pytest.mark.parametrize("writable", [True, False])
def test_planes_are_those_of_the_view(turn, channels, height, width, writable):
    picture = np.random.default_rng(0).integers(0, 256, (50, 60, channels), np.uint8)
    picture.flags.writeable = writable  # a memory map is not
    view = turn(picture[3 : 3 + height, 4 : 4 + width])
    before = picture.copy()
    planes = to_planes(view)
    assert planes.is_contiguous()
    assert np.array_equal(planes.numpy(), view.transpose(2, 0, 1))
    planes += 1  # a copy
    assert np.array_equal(picture, before)
