"""Bayer mosaics: patterns, packing, and what each demosaicing gives back exactly."""

import pytest
import torch

from restore.degradation.camera_mosaic import DEMOSAICS, PATTERNS, demosaic, mosaic, pack, pattern_number, unpack
from restore.errors import ConfigError, ShapeError

ALL = torch.arange(len(PATTERNS))


def test_a_mosaic_keeps_the_colors_that_its_name_says():
    colors = torch.tensor([10.0, 20.0, 30.0]).view(1, 3, 1, 1).expand(4, 3, 2, 2)
    letters = {10.0: "r", 20.0: "g", 30.0: "b"}
    names = ["".join(letters[value] for value in plane.flatten().tolist()) for plane in mosaic(colors, ALL)]
    assert names == list(PATTERNS)


def test_packing_sorts_colors_and_comes_undone():
    plane = torch.rand(4, 1, 6, 8, generator=torch.Generator().manual_seed(0))
    assert torch.equal(unpack(pack(plane, ALL), ALL), plane)
    colors = torch.tensor([1.0, 2.0, 3.0]).view(1, 3, 1, 1).expand(4, 3, 4, 4)
    packed = pack(mosaic(colors, ALL), ALL)
    assert torch.equal(packed, torch.tensor([1.0, 2.0, 2.0, 3.0]).view(1, 4, 1, 1).expand(4, 4, 2, 2))


def test_the_first_green_is_that_of_the_red_rows():
    plane = torch.arange(4.0).view(1, 1, 2, 2).expand(4, 1, 2, 2)
    assert pack(plane, ALL)[:, :, 0, 0].tolist() == [[0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 0, 1], [3, 2, 1, 0]]


@pytest.mark.parametrize("method", range(len(DEMOSAICS)), ids=DEMOSAICS)
def test_demosaicing_keeps_what_was_measured_and_a_constant_color(method):
    colors = torch.tensor([0.2, 0.5, 0.9]).view(1, 3, 1, 1).expand(4, 3, 9, 12)
    methods = torch.full((4,), method)
    torch.testing.assert_close(demosaic(mosaic(colors, ALL), ALL, methods), colors)
    plane = torch.rand(4, 1, 7, 9, generator=torch.Generator().manual_seed(1))
    assert torch.equal(mosaic(demosaic(plane, ALL, methods), ALL), plane)


@pytest.mark.parametrize("method", range(len(DEMOSAICS)), ids=DEMOSAICS)
def test_a_gray_slope_is_exact_away_from_the_border(method):
    rows, columns = torch.arange(12.0)[:, None], torch.arange(14.0)[None]
    slope = (3 * rows + 2 * columns).expand(4, 3, 12, 14)
    found = demosaic(mosaic(slope, ALL), ALL, torch.full((4,), method))
    torch.testing.assert_close(found[..., 2:-2, 2:-2], slope[..., 2:-2, 2:-2])


def test_the_gradient_correction_uses_the_color_that_is_there():
    gray = torch.randn(1, 1, 300, 300, generator=torch.Generator().manual_seed(3))
    plane, pattern = torch.cat([gray, gray]), torch.zeros(2, dtype=torch.long)
    error = (demosaic(plane, pattern, torch.tensor([0, 1]))[:, 1:2] - gray)[..., 2:-2:2, 2:-2:2]  # of green, at red
    bilinear, malvar = error.square().mean(dim=(1, 2, 3)).tolist()
    assert bilinear == pytest.approx(
        1 + 4 / 16, rel=0.03
    )  # the pixel itself is missed, four others come in by quarters
    assert malvar == pytest.approx(0.5**2 + 4 / 16 + 4 / 64, rel=0.03)


def test_bilinear_demosaicing_correlates_neighbors_as_its_weights_say():
    white = torch.randn(1, 1, 400, 400, generator=torch.Generator().manual_seed(2))
    red = demosaic(white, torch.tensor([0]), torch.tensor([0]))[0, 0]
    between = (red[::2, 0:-1:2] * red[::2, 1::2]).mean()
    assert between.item() == pytest.approx(0.5, abs=0.03)  # a red pixel with the mean of it and the next one


def test_nonsense_is_refused():
    with pytest.raises(ConfigError, match="rgbg"):
        pattern_number("rgbg")
    with pytest.raises(ShapeError, match="even"):
        pack(torch.rand(1, 1, 3, 4), torch.tensor([0]))
    with pytest.raises(ShapeError, match="packed"):
        unpack(torch.rand(1, 3, 3, 4), torch.tensor([0]))
