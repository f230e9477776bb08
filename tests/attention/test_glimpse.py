"""The retina: where crops lie, what is outside; the network that reads it."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from restore.attention import GlimpseNetwork, GlimpseSensor
from restore.errors import ConfigError, ShapeError
from tests.parity.rules import fill


def ramp(height, width):
    """Channel 0 holds the x of a pixel's center, channel 1 its y, from -1 to 1 over the picture."""
    x = (2 * torch.arange(width, dtype=torch.float64) + 1) / width - 1
    y = (2 * torch.arange(height, dtype=torch.float64) + 1) / height - 1
    return torch.stack([x.expand(height, width), y.unsqueeze(1).expand(height, width)]).unsqueeze(0)


@pytest.mark.parametrize("size", [3, 4])
@pytest.mark.parametrize(("height", "width"), [(20, 20), (21, 32)])
def test_crops_are_centered(size, height, width):
    """The mean place of a crop is the location, to half a pixel and without a bias."""
    location = torch.rand(500, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 0.5
    crops = GlimpseSensor(size)(ramp(height, width).expand(500, -1, -1, -1), location)
    error = (crops.mean((1, 3, 4)) - location) * torch.tensor([width / 2, height / 2])  # in pixels
    assert error.abs().max() <= 0.5 + 1e-9
    assert error.mean(0).abs().max() < 0.05


def test_published_crops_of_even_side_lie_half_a_pixel_up_and_left():
    location = torch.rand(500, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 0.5
    picture = ramp(20, 20).expand(500, -1, -1, -1)
    error = (GlimpseSensor(4, start="published")(picture, location).mean((1, 3, 4)) - location) * 10
    torch.testing.assert_close(error.mean(0), torch.full((2,), -0.5, dtype=torch.float64), rtol=0, atol=0.05)
    odd = GlimpseSensor(5)(picture, location)
    torch.testing.assert_close(GlimpseSensor(5, start="published")(picture, location), odd)


def test_larger_crops_are_averaged_around_the_same_point():
    x = torch.rand(1, 3, 32, 32)
    result = GlimpseSensor(4, patches=3)(x, torch.zeros(1, 2))
    assert result.shape == (1, 3, 3, 4, 4)
    for patch, side in enumerate((4, 8, 16)):
        inside = slice(16 - side // 2, 16 + side // 2)
        torch.testing.assert_close(result[:, patch], F.adaptive_avg_pool2d(x[..., inside, inside], 4))


@pytest.mark.parametrize("start", ["centered", "published"])
@pytest.mark.parametrize("size", [3, 4])
def test_outside_the_picture_is_nought(start, size):
    corners = torch.tensor([[-1.0, -1], [1, -1], [-1, 1], [1, 1]])
    result = GlimpseSensor(size, patches=4, start=start)(torch.ones(4, 1, 3, 5), corners)
    assert result.shape == (4, 4, 1, size, size)
    corner = result[3, 0, 0]
    assert corner[-1].sum() == corner[:, -1].sum() == 0
    assert corner[0, 0] == 1
    far = GlimpseSensor(size, start=start)(torch.ones(1, 1, 3, 5), torch.tensor([[7.0, 0]]))
    assert far.abs().max() == 0


def test_picture_gets_a_gradient_and_location_none():
    x, location = torch.rand(1, 1, 6, 6, requires_grad=True), torch.zeros(1, 2, requires_grad=True)
    GlimpseSensor(2)(x, location).sum().backward()
    assert x.grad.sum() == 4
    assert location.grad is None


def test_network_reads_what_and_where():
    module = fill(GlimpseNetwork(1, 4, what_width=6, where_width=5)).double()
    x = torch.ones(2, 1, 16, 16, dtype=torch.float64)
    location = torch.tensor([[0.0, 0.0], [0.3, -0.2]], dtype=torch.float64)
    here, there = module(x, location)
    assert here.shape == (11,)
    assert not torch.allclose(here, there)  # the same glimpse, another place
    assert not torch.allclose(module(2 * x, location)[0], here)


@pytest.mark.parametrize("name", ["size", "patches", "scale"])
def test_wrong_numbers_are_refused(name):
    with pytest.raises(ConfigError, match=f"{name}=0"):
        GlimpseSensor(**{name: 0})
    with pytest.raises(ConfigError, match=f"{name}=-1"):
        GlimpseNetwork(1, **{name: -1})


@pytest.mark.parametrize("name", ["channels", "what_width", "where_width", "width"])
def test_wrong_widths_are_refused(name):
    with pytest.raises(ConfigError, match=f"{name}=0"):
        GlimpseNetwork(**({"channels": 1} | {name: 0}))


def test_unknown_start_is_refused():
    with pytest.raises(ConfigError, match="start='left'"):
        GlimpseSensor(start="left")


def test_other_shapes_are_refused():
    with pytest.raises(ShapeError, match=r"\(2, 1, 4, 4\) and \(3, 2\)"):
        GlimpseSensor(2)(torch.rand(2, 1, 4, 4), torch.zeros(3, 2))
    with pytest.raises(ShapeError, match=r"\(N, 1, H, W\)"):
        GlimpseNetwork(1)(torch.rand(2, 3, 4, 4), torch.zeros(2, 2))
