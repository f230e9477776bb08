"""Pixels, tensors, JPEG losses and hidden colours."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from restore.errors import ConfigError, ShapeError
from restore.images import fill_hidden, jpeg_round_trip, to_eight_bits, to_pixels, to_tensor


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_integer_comes_back(dtype):
    values = np.arange(np.iinfo(dtype).max + 1, dtype=dtype).reshape(-1, 16, 1)
    tensor = to_tensor(values)
    assert tensor.shape == (1, len(values), 16)
    assert tensor.min() == 0
    assert tensor.max() == 1
    np.testing.assert_array_equal(to_pixels(tensor, dtype), values)


def test_halves_are_rounded_to_even_and_the_range_is_clipped():
    values = torch.tensor([-0.3, 0.5 / 255, 1.5 / 255, 2.5 / 255, 1.7], dtype=torch.float64).reshape(1, 1, -1)
    halves = torch.tensor([0.5, 1.5, 2.5]) / 255 * 255
    assert halves.tolist() == [0.5, 1.5, 2.5]  # float32 keeps these halves
    assert to_pixels(values.float(), np.uint8).ravel().tolist() == [0, 0, 2, 2, 255]


def test_floats_are_neither_clipped_nor_shared():
    values = np.array([[[-0.5], [1.5]]], np.float32)
    tensor = to_tensor(values)
    assert to_pixels(tensor, np.float32).ravel().tolist() == [-0.5, 1.5]
    tensor.zero_()
    assert values.ravel().tolist() == [-0.5, 1.5]


def test_signed_integers_are_refused():
    with pytest.raises(ShapeError, match="int64"):
        to_tensor(np.zeros((2, 2, 3), np.int64))


@given(st.integers(0, 65535))
def test_sixteen_bits_become_the_nearest_eight(value):
    assert to_eight_bits(np.array([value], np.uint16))[0] == round(value / 257)


def test_jpeg_loses_more_at_lower_quality_and_chroma_by_subsampling():
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[:, ::2] = (200, 30, 30)

    def loss(**options):
        return np.abs(jpeg_round_trip(pixels, **options).astype(int) - pixels).mean()

    assert loss(quality=95, chroma_subsampling=False) < 6
    assert loss(quality=20, chroma_subsampling=False) > loss(quality=95, chroma_subsampling=False)
    assert loss(quality=95) > 4 * loss(quality=95, chroma_subsampling=False)
    assert jpeg_round_trip(pixels[:, :, :1], 90).shape == (32, 32, 1)
    with pytest.raises(ConfigError, match="1 to 100"):
        jpeg_round_trip(pixels, 0)


def test_hidden_colours_are_replaced_by_those_near_them_and_seen_ones_stay():
    pixels = np.full((20, 21, 3), (255, 0, 255), np.uint8)  # magenta underneath
    alpha = np.zeros((20, 21), np.uint8)
    pixels[:, :6], alpha[:, :6] = (10, 120, 30), 128
    filled = fill_hidden(pixels, alpha)
    np.testing.assert_array_equal(filled[:, :6], pixels[:, :6])
    assert np.abs(filled.astype(int) - (10, 120, 30)).max() <= 1


def test_a_picture_without_anything_seen_is_left_alone():
    pixels = np.full((3, 3, 3), 9, np.uint8)
    assert fill_hidden(pixels, np.zeros((3, 3), np.uint8)) is pixels
