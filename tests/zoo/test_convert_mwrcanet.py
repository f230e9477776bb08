"""Official MWCNN and MWRCANet: recognised, the fixed filters checked, and given back bit for bit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from restore.attention import ChannelAttention, NoAttention
from restore.errors import CheckpointError
from restore.networks import MWCNN, MWRCANet
from restore.zoo.convert import convert_state, to_official
from restore.zoo.official.mwrcanet import FILTERS
from tests.parity.rules import fill

GOLDENS = Path(__file__).parents[1] / "parity" / "goldens"


def mwrcanet(image_channels=1, widths=(16, 20, 24), blocks=2, reduction=4):
    return fill(MWRCANet(image_channels, widths, blocks, lambda c: ChannelAttention(c, reduction))).eval()


CASES = {
    "mwcnn": lambda: fill(MWCNN(width=4)).eval(),
    "mwcnn_rgb": lambda: fill(MWCNN(3, width=3)).eval(),
    "mwrcanet": lambda: mwrcanet(),
    "mwrcanet_rgb": lambda: mwrcanet(3, (16, 16, 16), 1, 16),
    "mwrcanet_mosaic_of_four_planes": lambda: mwrcanet(4, (8, 6, 5), 1, 5),
}


@pytest.mark.parametrize("name", CASES)
def test_is_recognised_and_survives_the_way_back(name):
    network = CASES[name]()
    state = to_official(network)

    converted = convert_state(state)

    assert type(converted.network) is type(network)
    back = to_official(converted.network)
    assert list(back) == list(state)
    assert all(torch.equal(back[key], tensor) for key, tensor in state.items())
    picture = torch.rand(2, network.image_channels, 9, 6)
    assert torch.equal(converted.network(picture), network(picture))


def test_sizes_are_read_from_shapes():
    assert convert_state(to_official(MWCNN(3, width=5))).spec["init_args"] == {"image_channels": 3, "width": 5}
    options = convert_state(to_official(mwrcanet(3, (16, 32, 48), 3, 16))).spec["init_args"]
    assert options.pop("attention")["init_args"] == {"reduction": 16}
    assert options == {"image_channels": 3, "widths": [16, 32, 48], "blocks": 3}


def test_the_filters_are_the_published_ones_and_given_back():
    state = to_official(mwrcanet())
    published = json.loads((GOLDENS / "mwrcan_haar_filters.json").read_text())
    assert published
    for name, values in published.items():
        assert state[name].tolist() == values
    assert all(torch.equal(state[name], state["head.weight"]) for name in FILTERS)
    assert len({state[name].data_ptr() for name in FILTERS}) == len(FILTERS)


def test_other_filters_are_refused():
    state = to_official(mwrcanet())
    for other in (-state["head.weight"], state["head.weight"][:, :, :1]):
        with pytest.raises(CheckpointError, match=r"constants.*other values: up2\.3\.weight"):
            convert_state(state | {"up2.3.weight": other})
    with pytest.raises(CheckpointError, match=r"lacks tensors: down3\.0\.weight"):
        convert_state({name: tensor for name, tensor in state.items() if name != "down3.0.weight"})


def test_filters_of_half_precision_are_the_same_filters():
    state = {name: tensor.half() for name, tensor in to_official(mwrcanet()).items()}
    assert convert_state(state).network.filters.dtype == torch.float32


@pytest.mark.parametrize("name", ["mwcnn", "mwrcanet"])
def test_nonsense_is_refused(name):
    state = to_official(CASES[name]())
    with pytest.raises(CheckpointError, match=r"no place for: extra\.weight"):
        convert_state(state | {"extra.weight": torch.zeros(1)})
    with pytest.raises(CheckpointError, match=r"of 0 to 1, got pixel_range=255\. Leave it out"):
        convert_state(state, pixel_range=255)
    first = next(key for key in state if key.endswith("0.weight"))
    for shape in ((), (3,), (0, 3, 3, 3)):
        with pytest.raises(CheckpointError):
            convert_state(state | {first: torch.zeros(shape)})


def test_widths_that_no_reduction_explains_are_refused():
    state = to_official(mwrcanet())
    with pytest.raises(CheckpointError, match="no reduction narrows 16 to 4 and 20 to 2"):
        convert_state(state | {"down2.3.body.0.cuca.conv_du.0.weight": torch.zeros(2, 20, 1, 1)})


def test_batch_normalisation_of_mwcnn_is_refused():
    state = to_official(MWCNN(width=3)) | {"d_l1.0.body.1.running_mean": torch.zeros(6)}
    with pytest.raises(CheckpointError, match="batch normalisation"):
        convert_state(state)


def test_other_attention_has_no_official_name():
    with pytest.raises(CheckpointError, match="attention"):
        to_official(MWRCANet(1, (4, 4, 4), 1, NoAttention))
    with pytest.raises(CheckpointError, match="attention"):
        to_official(MWCNN(width=4, attention=lambda c: ChannelAttention(c, 2)))
