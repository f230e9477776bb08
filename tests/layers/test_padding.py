"""Padding to a multiple: the picture stays in the corner, the border is its mirror image."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from restore.layers import pad_to_multiple


@settings(max_examples=40, deadline=None)
@given(h=st.integers(1, 20), w=st.integers(1, 20), multiple=st.sampled_from([1, 2, 4, 8, 16]))
def test_result_is_a_multiple_and_holds_the_picture(h, w, multiple):
    x = torch.rand(1, 2, h, w)
    padded = pad_to_multiple(x, multiple)
    assert padded.shape[2] % multiple == padded.shape[3] % multiple == 0
    assert padded.shape[2] - h < multiple
    assert padded.shape[3] - w < multiple
    assert torch.equal(padded[:, :, :h, :w], x)


def test_border_is_mirrored_without_repeating_the_edge():
    x = torch.arange(5.0).reshape(1, 1, 1, 5).expand(1, 1, 8, 5)
    assert pad_to_multiple(x, 8)[0, 0, 0].tolist() == [0, 1, 2, 3, 4, 3, 2, 1]


def test_small_pictures_repeat_their_edge():
    x = torch.tensor([[1.0, 2.0]]).reshape(1, 1, 1, 2)
    assert pad_to_multiple(x, 4)[0, 0].tolist() == [[1.0, 2.0, 2.0, 2.0]] * 4
