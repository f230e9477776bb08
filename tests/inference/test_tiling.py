"""Tiles, blended, are the whole picture, and none is larger than was allowed."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from restore.attention import no_attention
from restore.errors import ConfigError, ShapeError
from restore.inference import default_overlap, restore_tiled
from restore.inference.tiling import spans
from restore.networks import RCAN, UNet
from tests.inference.networks import Blur, Brighter


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 400), st.integers(1, 90), st.integers(0, 45), st.integers(1, 4), st.sampled_from([1, 2, 4, 8]))
def test_weights_add_up_to_one_everywhere(length, tile, overlap, scale, multiple_of):
    tile = max(tile, multiple_of)
    overlap = min(overlap, tile // multiple_of * multiple_of // 2)
    total = torch.zeros(length * scale)
    for span in spans(length, tile, overlap, scale, multiple_of):
        assert span.start % multiple_of == 0
        assert 0 < span.stop - span.start <= tile
        assert span.weight.min() >= -1e-6
        total[span.start * scale : span.stop * scale] += span.weight
    torch.testing.assert_close(total, torch.ones_like(total))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 70), st.integers(1, 70), st.integers(1, 3), st.integers(16, 40))
def test_a_network_that_sees_one_place_is_not_changed_by_tiles(height, width, scale, tile):
    network = Brighter(scale=scale)
    degraded = torch.rand(2, 3, height, width)
    torch.testing.assert_close(restore_tiled(network, degraded, tile, 6), network(degraded), rtol=0, atol=1e-6)


def test_tiles_equal_the_whole_where_the_overlap_covers_what_the_network_sees():
    degraded = torch.rand(1, 3, 83, 121)
    whole = Blur()(degraded)
    torch.testing.assert_close(restore_tiled(Blur(), degraded, 32, 16), whole, rtol=0, atol=1e-6)
    assert (restore_tiled(Blur(), degraded, 32, 0) - whole).abs().max() > 0.05  # the seams that overlap is for


def test_tiles_fall_on_the_networks_grid():
    torch.manual_seed(0)
    network = UNet(widths=(8, 8), blocks=(1, 1)).eval()
    for block in network.modules():
        if hasattr(block, "gate"):
            block.combine = lambda x, gate: x  # pooling sees the tile: leave it out of this comparison
    degraded = torch.rand(1, 3, 150, 130)
    with torch.no_grad():
        whole = network(degraded)
        tiled = restore_tiled(network, degraded, 104, 52)
    assert (tiled - whole).abs().max() < 1e-3 * (whole - degraded).abs().max()


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_enlarging_in_tiles_equals_the_whole_where_the_overlap_covers_the_context(scale):
    torch.manual_seed(0)
    network = RCAN(scale, width=8, groups=1, blocks=1, attention=no_attention).eval()
    overlap = 4 * network.context
    tile = 2 * overlap
    degraded = torch.rand(1, 3, tile + 5, 2 * tile)
    with torch.no_grad():
        whole = network(degraded)
        tiled = restore_tiled(network, degraded, tile, overlap)
        seams = restore_tiled(network, degraded, tile, 0)
    assert tiled.shape == whole.shape == (1, 3, (tile + 5) * scale, 2 * tile * scale)
    torch.testing.assert_close(tiled, whole, rtol=0, atol=1e-5)
    assert (seams - whole).abs().max() > 1e-3


def test_one_tile_that_covers_everything_is_the_whole_to_the_bit():
    network = UNet(widths=(8, 8), blocks=(1, 1)).eval()
    degraded = torch.rand(1, 3, 45, 33)
    with torch.no_grad():
        assert torch.equal(restore_tiled(network, degraded, 48), network(degraded))


def test_no_tile_is_larger_than_asked():
    network = Brighter(multiple_of=8)
    restore_tiled(network, torch.rand(1, 3, 100, 200), 37)
    assert len(network.seen) > 10
    assert max(max(shape[-2:]) for shape in network.seen) <= 32


def test_the_input_is_left_alone():
    degraded = torch.rand(1, 3, 60, 60)
    before = degraded.clone()
    restore_tiled(Brighter(), degraded, 16)
    assert torch.equal(degraded, before)


def test_the_default_overlap_follows_the_context_up_to_a_cap():
    assert default_overlap(Brighter(), 256) == 0
    assert default_overlap(Blur(), 256) == 8
    assert default_overlap(UNet(), 1024) == 64
    assert default_overlap(UNet(), 64) == 16


@pytest.mark.parametrize(("tile", "overlap"), [(2, 0), (32, 17), (32, -1)])
def test_tiles_that_cannot_be_laid_are_refused(tile, overlap):
    with pytest.raises(ConfigError, match="cannot be laid"):
        restore_tiled(Blur(), torch.rand(1, 3, 64, 64), tile, overlap)


def test_a_picture_without_a_batch_axis_is_refused():
    with pytest.raises(ShapeError, match="expects"):
        restore_tiled(Blur(), torch.rand(3, 64, 64), 32)
