"""Every attention slot takes every attention."""

from __future__ import annotations

import inspect

import pytest
import torch

import restore.attention
from restore.attention import Attention
from restore.blocks import NAFBlock, ResidualBlock, ResidualGroup, RestormerBlock, SwinBlock, WaveletBlock
from restore.networks import RCAN
from tests.parity.rules import fill

CHANNELS = 16

SLOTS = [
    cls
    for name in restore.attention.__all__
    if inspect.isclass(cls := getattr(restore.attention, name))
    and issubclass(cls, Attention)
    and not inspect.isabstract(cls)
]
BLOCKS = {
    "residual_block": lambda attention: ResidualBlock(CHANNELS, attention),
    "residual_group": lambda attention: ResidualGroup(CHANNELS, 1, attention),
    "wavelet_block": lambda attention: WaveletBlock(CHANNELS, blocks=1, attention=attention),
    "naf_block": lambda attention: NAFBlock(CHANNELS, attention),
    "restormer_block": lambda attention: RestormerBlock(CHANNELS, attention),
    "swin_block": lambda attention: SwinBlock(CHANNELS, attention),
    "rcan": lambda attention: RCAN(
        scale=2, image_channels=CHANNELS, width=CHANNELS, groups=1, blocks=1, attention=attention
    ),
}


@pytest.mark.parametrize("cls", SLOTS, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("block", BLOCKS)
def test_fits_and_counts(block, cls):
    module = fill(BLOCKS[block](cls)).eval()
    inside = [part for part in module.modules() if isinstance(part, Attention)]
    assert [type(part) for part in inside if type(part) is cls]
    x = torch.rand(1, CHANNELS, 7, 10, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        result = module(x)
    assert result.isfinite().all()
    assert result.shape[-2:] == (14, 20) if block == "rcan" else result.shape == x.shape
