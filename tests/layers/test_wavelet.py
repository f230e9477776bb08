"""Haar transforms: by hand, inverse, energy, orders, refusals."""

from __future__ import annotations

import pytest
import torch

from restore.errors import ConfigError, ShapeError
from restore.layers import haar_filters, haar_transform, inverse_haar_transform

CELL = torch.tensor([[1.0, 2.0], [4.0, 8.0]])
"""Top left, top right; bottom left, bottom right."""
BANDS = {"mwrcan": [7.5, -4.5, -2.5, 1.5], "mwcnn": [7.5, 2.5, 4.5, 1.5]}
"""mean, top - bottom, left - right, diagonal; mean, right - left, bottom - top, diagonal: each halved."""


@pytest.mark.parametrize("bands", BANDS)
def test_the_bands_of_one_cell_by_hand(bands):
    found = haar_transform(CELL[None, None], haar_filters(bands))
    assert found.flatten().tolist() == BANDS[bands]


def test_the_orders_are_permutations_of_each_other():
    x = torch.rand(2, 3, 4, 6)
    by_channel, by_band = (haar_transform(x, haar_filters(), order).unflatten(1, shape)
                           for order, shape in (("channel", (3, 4)), ("band", (4, 3))))  # fmt: skip
    assert torch.equal(by_channel, by_band.transpose(1, 2))
    torch.testing.assert_close(by_band[:, 0], 2 * torch.nn.functional.avg_pool2d(x, 2))


@pytest.mark.parametrize("bands", BANDS)
@pytest.mark.parametrize("order", ["channel", "band"])
def test_the_inverse_undoes_it_and_energy_is_kept(bands, order):
    x = torch.rand(2, 3, 6, 4, dtype=torch.float64)
    filters = haar_filters(bands).double()
    found = haar_transform(x, filters, order)
    assert found.shape == (2, 12, 3, 2)
    torch.testing.assert_close(inverse_haar_transform(found, filters, order), x, rtol=1e-14, atol=1e-14)
    torch.testing.assert_close(found.square().sum(), x.square().sum(), rtol=1e-14, atol=1e-14)


def test_what_has_no_transform_is_refused():
    filters = haar_filters()
    with pytest.raises(ShapeError, match="even sides"):
        haar_transform(torch.rand(1, 1, 3, 2), filters)
    with pytest.raises(ShapeError, match="four bands"):
        inverse_haar_transform(torch.rand(1, 6, 1, 1), filters)
    with pytest.raises(ConfigError, match="'db2'"):
        haar_filters("db2")
    for transform in (haar_transform, inverse_haar_transform):
        with pytest.raises(ConfigError, match="order 'bands'"):
            transform(torch.rand(1, 4, 2, 2), filters, "bands")
