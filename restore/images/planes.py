"""Interleaved pixels to planes, quickly however they are flipped or turned."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import torch
from torch import Tensor

_MOVES: dict[tuple[bool, bool, bool], Callable[[np.ndarray, np.ndarray], object]] = {
    (False, True, False): lambda plane, out: cv2.flip(plane, 0, out),
    (False, False, True): lambda plane, out: cv2.flip(plane, 1, out),
    (False, True, True): lambda plane, out: cv2.flip(plane, -1, out),
    (True, False, False): lambda plane, out: cv2.transpose(plane, out),
    (True, True, False): lambda plane, out: cv2.rotate(plane, cv2.ROTATE_90_CLOCKWISE, out),
    (True, False, True): lambda plane, out: cv2.rotate(plane, cv2.ROTATE_90_COUNTERCLOCKWISE, out),
    (True, True, True): lambda plane, out: cv2.transpose(cv2.flip(plane, -1), out),
}
"""What to do with a plane: (rows and columns change places, rows run upwards, columns run to the left)."""


def to_planes(pixels: np.ndarray, out: Tensor | None = None) -> Tensor:
    """(H, W, C) uint8 -> (C, H, W) uint8, a copy in C order.

    `pixels` may be a view that `numpy.rot90`, flips or `transpose` made: its pixels are then first read in the order in
    which they lie in memory, by OpenCV, which is several times quicker than NumPy's copy of such a view.

    Args:
        pixels: with any strides.
        out: (C, H, W) uint8 in C order to write to; None makes one.
    """
    if out is None:
        out = torch.empty((pixels.shape[2], *pixels.shape[:2]), dtype=torch.uint8)  # (C, H, W)
    planes = list(out.numpy())
    down, across, _ = pixels.strides
    move = (abs(down) < abs(across), down < 0, across < 0)
    if not any(move):
        cv2.split(pixels, planes)
        return out
    turned, upwards, leftwards = move
    straight = pixels[:: -1 if upwards else 1, :: -1 if leftwards else 1]
    if turned:
        straight = straight.swapaxes(0, 1)
        move = (turned, leftwards, upwards)  # of the rows and columns as they lie
    for plane, place in zip(cv2.split(straight), planes, strict=True):
        _MOVES[move](plane, place)
    return out
