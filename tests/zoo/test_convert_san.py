"""Official SAN, RNAN and HAN: recognised, strict, and given back bit for bit, what no computation uses as well."""

from __future__ import annotations

from dataclasses import fields

import pytest
import torch

from restore.attention import (
    ChannelAttention,
    MaskAttention,
    RegionNonLocalAttention,
    SecondOrderChannelAttention,
    no_attention,
)
from restore.errors import CheckpointError
from restore.networks import HAN, RCAN, RNAN, SAN
from restore.zoo.convert import convert_state, to_official
from restore.zoo.official import FAMILIES, Family
from restore.zoo.official.san import san_dead
from tests.parity.rules import fill, rule_value


def filled(network):
    """By rule B, but the mean shift keeps its constants."""
    shift = {key: value.clone() for key, value in network.state_dict().items() if key.startswith(("subtract_", "add_"))}
    fill(network)
    network.load_state_dict(network.state_dict() | shift)
    return network.eval()


def san(**options):
    options = {"scale": 2, "width": 16, "groups": 2, "blocks": 1} | options
    network = filled(SAN(attention=lambda c: SecondOrderChannelAttention(c, 4, crop="published"), **options))
    dead = {name: rule_value(name, shape, "B").float() for name, shape in san_dead(network).items()}
    return network, to_official(network, dead=dead), dead


def same(some, others):
    return some.keys() == others.keys() and all(torch.equal(some[name], others[name]) for name in some)


@pytest.mark.parametrize("options", [{"scale": 3}, {"scale": 4, "groups": 3}, {"scale": 8, "blocks": 2, "width": 24}])
def test_san_survives_the_way_back_with_what_it_never_uses(options):
    network, state, dead = san(**options)
    converted = convert_state(state)
    init_args = converted.spec["init_args"]
    assert {key: init_args[key] for key in options} == options
    assert init_args["attention"]["init_args"] == {"reduction": 4, "crop": "published"}
    assert same(converted.dead, dead)
    assert same(to_official(converted.network, dead=converted.dead), state)
    picture = torch.rand(1, 3, 6, 5)
    assert torch.equal(converted.network(picture), network(picture))


def test_sans_unused_tensors_are_never_modules_and_may_be_missing():
    network, state, dead = san()
    assert not set(dead) & set(to_official(network))
    assert {"conv_last.weight", "non_local.soca.conv_du.2.bias", "RG.1.gamma"} <= dead.keys()
    stripped = {name: tensor for name, tensor in state.items() if name not in dead}
    converted = convert_state(stripped)
    assert converted.dead == {}
    assert same(to_official(converted.network), stripped)


def test_official_parameters_that_never_train_are_these_and_no_network_has_others():
    """FACTS, section 2: a convolution and an attention that no forward calls, and one scale for each of 20 groups."""
    unused = {f"conv_last.{leaf}" for leaf in ("weight", "bias")}
    unused |= {f"non_local.soca.conv_du.{layer}.{leaf}" for layer in (0, 2) for leaf in ("weight", "bias")}
    unused |= {f"RG.{group}.gamma" for group in range(20)}
    with torch.device("meta"):
        network = SAN(groups=20, blocks=1)
    assert san_dead(network).keys() == unused
    nothing = {field.name: field.default for field in fields(Family)}["dead"]
    assert [family.network for family in FAMILIES if family.dead is not nothing] == [SAN]


def test_sans_unused_tensors_are_checked():
    network, state, dead = san()
    with pytest.raises(CheckpointError, match=r"unused have other shapes.*RG\.0\.gamma is \(2,\), not \(1,\)"):
        convert_state(state | {"RG.0.gamma": torch.zeros(2)})
    with pytest.raises(CheckpointError, match=r"no place for: RG\.5\.gamma"):
        convert_state(state | {"RG.5.gamma": torch.zeros(1)})
    with pytest.raises(CheckpointError, match=r"lacks tensors: gamma"):
        convert_state({name: tensor for name, tensor in state.items() if name != "gamma"})
    with pytest.raises(CheckpointError, match=r"none of those.*gamma"):
        to_official(network, dead={"gamma": torch.zeros(1)})
    with pytest.raises(CheckpointError, match=r"none of those.*conv_last"):
        to_official(
            filled(RCAN(scale=2, width=16, groups=1, blocks=1)), dead={"conv_last.bias": dead["conv_last.bias"]}
        )


@pytest.mark.parametrize(
    "options",
    [
        {"scale": 2},
        {"scale": 4, "groups": 4},
        {"scale": 1, "groups": 2},
        {"scale": 1, "image_channels": 1, "pixel_range": 1.0},
    ],
    ids=str,
)
def test_rnan_survives_the_way_back(options):
    network = filled(RNAN(**{"width": 4, "groups": 3} | options))
    state = to_official(network)
    asked = None if network.shifts else network.pixel_range
    converted = convert_state(state, pixel_range=asked)
    assert converted.spec["init_args"].items() >= ({"width": 4, "groups": 3} | options).items()
    assert list(to_official(converted.network)) == list(state)
    assert same(to_official(converted.network), state)
    picture = torch.rand(1, network.image_channels, 6, 5)
    assert torch.equal(converted.network(picture), network(picture))


def test_rnans_range_is_asked_for_where_nothing_tells_it():
    with pytest.raises(CheckpointError, match=r"RNAN has no mean shift.*0 to 255 or of 0 to 1"):
        convert_state(to_official(RNAN(width=4, groups=2)))


@pytest.mark.parametrize(
    "options", [{"scale": 2, "groups": 10}, {"scale": 3, "blocks": 2, "pixel_range": 1.0}], ids=str
)
def test_han_survives_the_way_back_and_is_not_taken_for_rcan(options):
    network = filled(
        HAN(**{"width": 6, "groups": 2, "blocks": 1, "attention": lambda c: ChannelAttention(c, 3)} | options)
    )
    state = to_official(network)
    converted = convert_state(state)
    assert type(converted.network) is HAN
    assert converted.spec["init_args"].items() >= ({"width": 6, "groups": 2, "blocks": 1} | options).items()
    assert converted.spec["init_args"]["attention"]["init_args"] == {"reduction": 3}
    assert list(to_official(converted.network)) == list(state)
    assert same(to_official(converted.network), state)
    picture = torch.rand(1, 3, 6, 5)
    assert torch.equal(converted.network(picture), network(picture))


@pytest.mark.parametrize(
    "network",
    [
        lambda: SAN(width=16, groups=1, blocks=1, attention=no_attention),
        lambda: SAN(width=16, groups=1, blocks=1, non_local_attention=RegionNonLocalAttention),
        lambda: SAN(width=16, groups=1, blocks=1, non_local_attention=no_attention),
        lambda: RNAN(width=4, groups=3, attention=no_attention),
        lambda: RNAN(width=4, groups=3, attention=lambda c: MaskAttention(c, True, "queries")),
        lambda: RNAN(width=4, groups=2, non_local_attention=lambda c: MaskAttention(c, True, "keys")),
        lambda: HAN(width=16, groups=1, blocks=1, negated=False),
        lambda: HAN(width=16, groups=1, blocks=1, last_attention=no_attention),
        lambda: HAN(width=16, groups=1, blocks=1, attention=no_attention),
    ],
)
def test_what_the_authors_have_not_is_refused(network):
    with pytest.raises(CheckpointError):
        to_official(network())
