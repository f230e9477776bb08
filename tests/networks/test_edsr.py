"""EDSR, MDSR, RDN, CARN, IRCNN, FDnCNN: what the contract does not say."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.attention import Attention, ChannelAttention, NoAttention
from restore.blocks import Cascade, RectifiedBlock, ResidualDenseBlock
from restore.errors import ConfigError, ShapeError
from restore.networks import CARN, EDSR, IRCNN, MDSR, RDN, FDnCNN
from tests.parity.rules import fill


class Near(NoAttention):
    """Says that it looks two pixels around."""

    context = 2


MAKERS = {
    "EDSR": (lambda a: EDSR(2, width=4, blocks=3, attention=a), 3, 3),
    "MDSR": (lambda a: MDSR(2, width=4, blocks=2, attention=a), 2, 2),
    "RDN": (lambda a: RDN(2, width=4, growth=2, blocks=2, layers=2, attention=a), 2, 2),
    "CARN": (lambda a: CARN(2, width=4, attention=a), 9, 9),
    "CARN-M": (lambda a: CARN(2, width=4, mobile=True, attention=a), 3, 9),
    "IRCNN": (lambda a: IRCNN(width=4, attention=a), 5, 5),
    "FDnCNN": (lambda a: FDnCNN(width=4, depth=5, attention=a), 3, 3),
}


@pytest.mark.parametrize("name", MAKERS)
def test_every_place_has_an_attention_of_its_own_and_its_context_counts(name):
    make, built, used = MAKERS[name]
    calls: list[int] = []

    def attention(channels: int) -> Attention:
        calls.append(channels)
        return Near(channels)

    network = make(attention)
    assert calls == [4] * built
    assert network.context == make(NoAttention).context + 2 * used


@pytest.mark.parametrize("make", [MDSR, CARN])
def test_selecting_a_scale_is_as_if_built_for_it(make):
    options = {"width": 4} | ({"blocks": 1} if make is MDSR else {})
    network = fill(make(4, **options)).eval()
    picture = torch.rand(1, 3, 5, 4)
    for scale in (2, 3, 4):
        alone = make(scale, **options).eval()
        alone.load_state_dict(network.state_dict())
        network.select(scale)
        assert (network.scale, network.context) == (scale, alone.context)
        assert network(picture).shape == (1, 3, 5 * scale, 4 * scale)
        assert torch.equal(network(picture), alone(picture))
    with pytest.raises(ConfigError, match="scale=8"):
        network.select(8)


@pytest.mark.parametrize("make", [MDSR, CARN])
def test_only_the_selected_scale_is_trained(make):
    network = make(3, **({"width": 4} | ({"blocks": 1} if make is MDSR else {})))
    network(torch.rand(1, 3, 4, 4)).sum().backward()
    idle = {name.split(".")[1] for name, parameter in network.named_parameters() if parameter.grad is None}
    assert idle == {"2", "4"}


def test_the_branch_is_scaled():
    network = EDSR(1, width=4, blocks=1, residual_scale=0.25)
    block = fill(network).body.blocks[0].double()
    x = torch.rand(1, 4, 3, 3, dtype=torch.float64)
    torch.testing.assert_close(block(x), x + 0.25 * block.conv2(torch.relu(block.conv1(x))))


def test_a_dense_layer_sees_all_before_it():
    """One pixel, kernels of ones in the middle: 1, then 1 + 1, then 1 + 1 + 2; their sum is 8, and the input again."""
    block = ResidualDenseBlock(1, 1, 3, NoAttention)
    for parameter in block.parameters():
        nn.init.zeros_(parameter)
    for layer in block.layers:
        layer.weight.data[:, :, 1, 1] = 1
    nn.init.ones_(block.fuse.weight)
    assert block(torch.ones(1, 1, 1, 1)).item() == 1 + (1 + 1 + 2 + 4)


def test_the_mean_of_rdn_is_not_among_its_weights():
    network = RDN(2, width=4, growth=2, blocks=1, layers=1)
    assert network.shifts
    assert not [name for name in network.state_dict() if "subtract" in name or "add_" in name]
    assert not RDN(2, width=4, growth=2, blocks=1, layers=1, mean=[]).shifts


def test_one_stage_is_used_again_with_the_same_weights():
    shared = RectifiedBlock(4, NoAttention, groups=2, pointwise=True)
    cascade = fill(Cascade(4, [shared])).double()
    thrice = Cascade(4, [RectifiedBlock(4, NoAttention, groups=2, pointwise=True) for _ in range(3)]).double()
    state = cascade.state_dict()
    copied = {f"stages.{i}{key[8:]}": value for key, value in state.items() if key[:7] == "stages." for i in range(3)}
    thrice.load_state_dict(copied | {key: value for key, value in state.items() if key.startswith("fusions.")})
    x = torch.rand(1, 4, 5, 5, dtype=torch.float64)
    assert torch.equal(cascade(x), thrice(x))
    with pytest.raises(ConfigError, match="2 stages"):
        Cascade(4, [shared, shared])


def test_the_mean_shift_of_carn_is_for_zero_to_one():
    assert CARN(width=4).pixel_range == 1.0
    assert CARN(width=4).add_bias.tolist() == pytest.approx([0.4488, 0.4371, 0.4040])


def test_the_noise_level_is_one_a_batch_a_picture_or_a_pixel():
    network = fill(FDnCNN(width=4, depth=4)).eval().double()
    pictures = torch.rand(2, 3, 5, 6, dtype=torch.float64)
    levels = torch.tensor([0.1, 0.3], dtype=torch.float64)
    expected = network(pictures, levels)
    assert not torch.equal(expected, network(pictures, levels.flip(0)))
    for index in range(2):
        one = network(pictures[index : index + 1], levels[index : index + 1])
        torch.testing.assert_close(one[0], expected[index], rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(network(pictures, levels.reshape(2, 1, 1, 1).expand(2, 1, 5, 6)), expected)
    for shape in ((3,), (2, 3, 5, 6), (2, 1, 6, 5), ()):
        with pytest.raises(ShapeError, match="sigma"):
            network(pictures, torch.zeros(shape))


def test_fdncnn_restores_through_the_restorer():
    from restore.inference import Restorer

    network = fill(FDnCNN(1, width=4, depth=3)).eval()
    with pytest.raises(ConfigError, match="Give sigma"):
        Restorer(network)
    picture = torch.rand(9, 8, 1).numpy()
    restored = Restorer(network, sigma=25, device="cpu", precision="fp32")(picture)
    direct = network(torch.from_numpy(picture).permute(2, 0, 1)[None], torch.tensor([25 / 255]))
    torch.testing.assert_close(torch.from_numpy(restored[..., 0]), direct[0, 0].detach())


@pytest.mark.parametrize("name", MAKERS)
def test_one_step_of_training_lowers_the_loss(name):
    network = MAKERS[name][0](lambda channels: ChannelAttention(channels, 2)).train().double()
    generator = torch.Generator().manual_seed(0)
    degraded = torch.rand(2, 3, 8, 8, generator=generator, dtype=torch.float64)
    target = torch.rand_like(degraded.repeat(1, 1, network.scale, network.scale))
    sigma = (torch.tensor([0.1]),) if network.takes_sigma else ()
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-6)
    losses = []
    for _ in range(2):
        loss = (network(degraded, *sigma) - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[1] < losses[0]
