"""Official checkpoints of NAFNet, its baseline and Restormer: recognised, and given back."""

from __future__ import annotations

import gzip
import json

import pytest
import torch

from restore.attention import ChannelAttention
from restore.errors import CheckpointError
from restore.networks import NAFBaseline, NAFNet, Restormer
from restore.zoo import load_network, save_network
from restore.zoo.convert import convert_state, to_official
from restore.zoo.official import FAMILIES
from tests.parity.goldens import FOLDER
from tests.parity.rules import fill

LEVELS = {"width": 4, "blocks": (1, 2, 1, 1), "refinement_blocks": 1}
CASES = {
    "nafnet": lambda: NAFNet(3, 4, (1, 2), 1, (2, 1)),
    "nafnet_gray": lambda: NAFNet(1, 6, (1, 0, 2), 0, (0, 1, 0)),
    "baseline": lambda: NAFBaseline(3, 4, (1, 2), 1, (2, 1)),
    "baseline_wide": lambda: NAFBaseline(1, 6, (1,), 1, (1,), lambda c: ChannelAttention(c, 3), 2, 3),
    "restormer": lambda: Restormer(3, **LEVELS, heads=(1, 2, 4, 8)),
    "restormer_gray": lambda: Restormer(1, **LEVELS, heads=(1, 1, 2, 1), normalization="bias_free"),
    "restormer_bias": lambda: Restormer(3, **LEVELS, heads=(2, 2, 2, 2), expand=2.2, bias=True),
    "restormer_dual": lambda: Restormer(3, **LEVELS, heads=(1, 2, 4, 8), expand=2.0, dual_pixel=True),
}


@pytest.mark.parametrize("name", CASES)
def test_is_recognised_and_survives_the_way_back(name):
    network = fill(CASES[name]()).eval()
    state = to_official(network)

    converted = convert_state(state)

    assert type(converted.network) is type(network)
    back = to_official(converted.network)
    assert list(back) == list(state)
    assert all(torch.equal(back[key], tensor) for key, tensor in state.items())
    picture = torch.rand(2, network.image_channels * (2 if name == "restormer_dual" else 1), 6, 5)
    assert torch.equal(converted.network(picture), network(picture))
    assert sum(family.recognises(state) for family in FAMILIES) == 1


@pytest.mark.parametrize("network", ["nafnet", "restormer"])
def test_every_published_variant_is_read_from_names_and_shapes_alone(network):
    """On the meta device: the options and the order of the names; the widest published are hundreds of megabytes."""
    variants = json.loads(gzip.decompress((FOLDER / f"statedict_{network}.json.gz").read_bytes()))
    for variant in variants.values():
        config = variant["config"]
        state = {key: torch.empty(shape, device="meta") for key, shape in variant["state_dict"].items()}
        (family,) = (family for family in FAMILIES if family.recognises(state))
        options = family.options(state, None)
        assert options["width"] == config.get("width", config.get("dim"))
        if network == "nafnet":
            names = ("enc_blk_nums", "middle_blk_num", "dec_blk_nums")
            assert [options[f"{part}_blocks"] for part in ("encoder", "middle", "decoder")] == [
                config[n] for n in names
            ]
        else:
            assert (options["blocks"], options["heads"]) == (config["num_blocks"], config["heads"])
            assert (options["expand"], options["dual_pixel"]) == (2.66, config["dual_pixel_task"])
            assert (
                options["normalization"] == {"WithBias": "with_bias", "BiasFree": "bias_free"}[config["LayerNorm_type"]]
            )
        options.pop("attention", None)
        with torch.device("meta"):
            built = family.network(**options)
        assert list(to_official(built)) == list(state)


@pytest.mark.parametrize("expand", [0.75, 1.5, 2.0, 2.66, 2.667, 3.1415, 4.0])
@pytest.mark.parametrize("width", [4, 6, 48])
def test_the_factor_of_the_feed_forward_network_is_found_from_its_channels(width, expand):
    blocks = {"blocks": (1, 1, 1, 1), "refinement_blocks": 1, "heads": (1, 1, 1, 1)}
    with torch.device("meta"):
        state = to_official(Restormer(1, width, **blocks, expand=expand))
    (family,) = (family for family in FAMILIES if family.recognises(state))
    found = family.options(state, None)["expand"]
    widths = [width * 2**level for level in range(4)]
    assert [int(c * found) for c in widths] == [int(c * expand) for c in widths]


@pytest.mark.parametrize("name", ["nafnet", "baseline", "restormer"])
def test_nonsense_is_refused(name):
    state = to_official(CASES[name]())
    with pytest.raises(CheckpointError, match=r"no place for: extra\.weight"):
        convert_state(state | {"extra.weight": torch.zeros(1)})
    with pytest.raises(CheckpointError, match="0 to 1"):
        convert_state(state, pixel_range=255.0)
    first = "intro.weight" if "intro.weight" in state else "patch_embed.proj.weight"
    for shape in ((), (3,), (0, 3, 3, 3)):
        with pytest.raises(CheckpointError):
            convert_state(state | {first: torch.zeros(shape)})


def test_what_the_authors_do_not_have_has_no_official_names():
    with pytest.raises(CheckpointError, match="attention"):
        to_official(NAFNet(3, 4, (1,), 1, (1,), attention=lambda channels: ChannelAttention(channels, 2)))
    with pytest.raises(CheckpointError, match="4 levels, this one 2"):
        to_official(Restormer(3, 4, (1, 1), 1, (1, 1)))
    with pytest.raises(CheckpointError, match="attention"):
        to_official(Restormer(3, **LEVELS, attention=lambda channels: ChannelAttention(channels, 2)))


@pytest.mark.parametrize("name", ["nafnet", "baseline", "restormer"])
def test_official_files_are_loaded_like_any_other(name, tmp_path):
    state = to_official(fill(CASES[name]()))
    torch.save({"params": state}, tmp_path / "theirs.pth")

    network, card = load_network(tmp_path / "theirs.pth")
    save_network(tmp_path / "ours.safetensors", network, card)
    again, _ = load_network(tmp_path / "ours.safetensors")

    assert all(torch.equal(tensor, state[key]) for key, tensor in to_official(again).items())
