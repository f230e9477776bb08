"""Windows: the inverse, and what a window holds."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from restore.errors import ShapeError
from restore.layers.windows import from_windows, to_windows


@settings(max_examples=30, deadline=None)
@given(*(st.integers(1, 4) for _ in range(6)))
def test_joining_undoes_cutting(n, c, rows, columns, h, w):
    x = torch.rand(n, c, rows * h, columns * w)
    windows = to_windows(x, (h, w))
    assert windows.shape == (n, rows, columns, h * w, c)
    assert torch.equal(from_windows(windows, (h, w)), x)


def test_windows_stand_row_by_row_and_picture_by_picture():
    x = torch.arange(2 * 4 * 6.0).view(2, 1, 4, 6)
    windows = to_windows(x, (2, 3))
    assert torch.equal(windows[0, 0, 1], x[0, :, :2, 3:].reshape(1, 6).T)
    assert torch.equal(windows[0, 1, 0], x[0, :, 2:, :3].reshape(1, 6).T)
    assert torch.equal(windows[1, 0, 0], x[1, :, :2, :3].reshape(1, 6).T)


def test_what_has_no_whole_windows_is_refused():
    with pytest.raises(ShapeError, match="5x4"):
        to_windows(torch.rand(1, 1, 5, 4), (2, 2))
    with pytest.raises(ShapeError, match="4 tokens"):
        from_windows(torch.rand(1, 3, 1, 4, 2), (2, 3))
