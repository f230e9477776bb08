"""NAFNet and its baseline: what the contract does not say."""

from __future__ import annotations

import gzip
import json

import pytest
import torch
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from restore.attention import Attention, ChannelAttention, NoAttention, SimpleChannelAttention
from restore.blocks import NAFBlock
from restore.networks import NAFBaseline, NAFNet
from tests.parity.adapters import STATE_DICT_ADAPTERS
from tests.parity.goldens import FOLDER
from tests.parity.rules import fill

SMALL = {"width": 4, "encoder_blocks": (1, 2), "middle_blocks": 3, "decoder_blocks": (1, 2)}


class Near(NoAttention):
    """Says that it looks one pixel around."""

    context = 1


@pytest.mark.parametrize("cls", [NAFNet, NAFBaseline])
def test_blocks_start_as_the_identity_and_the_network_does_not_mind(cls):
    network = cls(**SMALL)
    for block in network.modules():
        if isinstance(block, NAFBlock):
            x = torch.rand(1, block.norm1.weight.numel(), 3, 4)
            assert torch.equal(block(x), x)
    picture = torch.rand(1, 3, 5, 6)
    assert not torch.equal(network(picture), picture)


@pytest.mark.parametrize("cls", [NAFNet, NAFBaseline])
def test_every_block_has_an_attention_of_its_own_and_its_context_counts(cls):
    calls: list[int] = []

    def attention(channels: int) -> Attention:
        calls.append(channels)
        return Near(channels)

    network = cls(**SMALL, attention=attention)
    assert sorted(calls) == [4] * 3 + [8] * 3 + [16] * 3
    # one pixel a block, of level i 2^i pixels of the picture; blocks are counted on both sides
    assert network.context == cls(**SMALL, attention=NoAttention).context + 1 * 3 + 2 * 3 + 4 * 3


def test_the_defaults_are_the_papers():
    network, baseline = NAFNet(**SMALL), NAFBaseline(**SMALL)
    assert type(network.middle[0].attention) is SimpleChannelAttention
    assert type(baseline.middle[0].attention) is ChannelAttention
    assert baseline.middle[0].attention.squeeze.out_channels == 8
    assert not [module for module in network.modules() if isinstance(module, torch.nn.ReLU | torch.nn.GELU)]


def test_the_gate_is_the_product_of_both_halves_and_the_baseline_has_gelu():
    x = torch.rand(2, 6, 3, 3) - 0.5
    assert torch.equal(NAFBlock(3, NoAttention).activate(x), x[:, :3] * x[:, 3:])
    assert torch.equal(NAFBlock(3, NoAttention, "gelu").activate(x), F.gelu(x))


@pytest.mark.parametrize("cls", [NAFNet, NAFBaseline])
def test_an_odd_picture_is_one_with_zeros_below_and_on_the_right(cls):
    network = fill(cls(**SMALL)).eval().double()
    picture = torch.rand(1, 3, 6, 5, dtype=torch.float64)
    whole = network(F.pad(picture, (0, 3, 0, 2)))
    assert torch.equal(network(picture), whole[..., :6, :5])


def test_it_learns():
    torch.manual_seed(0)
    network = NAFNet(**SMALL)
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.003, betas=(0.9, 0.9), weight_decay=0)
    clean = torch.rand(2, 3, 1, 1).expand(2, 3, 12, 12)
    noisy = clean + 0.2 * torch.randn(clean.shape)
    losses = []
    for _ in range(30):
        optimizer.zero_grad()
        losses.append(F.l1_loss(network(noisy), clean))
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < 0.7 * losses[0]
    assert network.middle[0].scale1.abs().max() > 0


def variants(network: str) -> list[tuple[str, dict]]:
    content = gzip.decompress((FOLDER / f"statedict_{network}.json.gz").read_bytes())
    return [(name, {"name": name} | variant) for name, variant in json.loads(content).items()]


@pytest.mark.parametrize(
    ("network", "record"),
    [(network, record) for network in ("nafnet", "restormer") for _, record in variants(network)],
    ids=lambda value: value if isinstance(value, str) else value["name"],
)
def test_costs_what_the_authors_code_costs(network, record):
    """Multiply-accumulates of convolutions and products, without a weight or a pixel."""
    with torch.device("meta"):
        adapted = STATE_DICT_ADAPTERS[network](record)
        pictures = [torch.empty(shape) for shape in record["macs"]["input"]]
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        adapted.run(*pictures)
    assert counter.get_total_flops() == 2 * record["macs"]["macs_total"]
