"""DnCNN: published sizes, and that it subtracts what it predicts."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.attention import ChannelAttention
from restore.networks import DnCNN

PUBLISHED = {
    (1, 64, 17, False): 555_137,
    (1, 64, 17, True): 557_057,
    (1, 64, 20, False): 665_921,
    (3, 64, 20, False): 668_227,
    (1, 8, 5, True): 1_953,
}
"""Parameters of the authors' networks by (image_channels, width, depth, normalization)."""


@pytest.mark.parametrize("options", PUBLISHED)
def test_has_as_many_parameters_as_published(options):
    with torch.device("meta"):
        network = DnCNN(*options)
    assert sum(parameter.numel() for parameter in network.parameters()) == PUBLISHED[options]


def test_predicts_the_noise_and_subtracts_it():
    network = DnCNN(width=4, depth=3)
    nn.init.zeros_(network.tail.weight)
    network.tail.bias.data = torch.tensor([0.1, 0.2, -0.3])
    degraded = torch.rand(1, 3, 4, 5)
    expected = degraded - torch.tensor([0.1, 0.2, -0.3])[:, None, None]
    torch.testing.assert_close(network(degraded), expected)


def test_normalisation_has_the_authors_constants():
    norms = [module for module in DnCNN(depth=6, normalization=True).modules() if isinstance(module, nn.BatchNorm2d)]
    assert [(norm.eps, norm.momentum) for norm in norms] == [(1e-4, 0.9)] * 4


def test_attention_stands_after_every_middle_layer():
    network = DnCNN(width=4, depth=6, attention=lambda channels: ChannelAttention(channels, 2))
    assert len([module for module in network.modules() if isinstance(module, ChannelAttention)]) == 4
