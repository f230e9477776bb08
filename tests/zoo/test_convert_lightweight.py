"""IMDN's forms, RFDN and PAN under their official names: recognised, asked where no tensor tells, given back."""

from __future__ import annotations

import pytest
import torch

from restore.attention import ContrastChannelAttention, EnhancedSpatialAttention
from restore.errors import CheckpointError
from restore.networks import IMDN, IMDNRTC, IMDNRTE, PAN, RFDN, IMDNAnyScale
from restore.zoo import load_network
from restore.zoo.convert import convert_file, convert_state, to_official
from restore.zoo.official import rfdn
from tests.parity.rules import fill


def contrast(channels):
    return ContrastChannelAttention(channels, 3)


def spatial(channels):
    return EnhancedSpatialAttention(channels, 3)


CASES = {
    "imdn_x2": (lambda: IMDN(scale=2, width=16, blocks=2), {"scale": 2, "width": 16, "blocks": 2}, {}),
    "imdn_x3_gray": (lambda: IMDN(3, 1, 8, 1, contrast), {"scale": 3, "image_channels": 1, "width": 8}, {}),
    "imdn_x4": (lambda: IMDN(width=12, blocks=7, attention=contrast), {"scale": 4, "blocks": 7}, {}),
    "imdn_as": (lambda: IMDNAnyScale(1, 20, 3), {"image_channels": 1, "width": 20, "blocks": 3}, {}),
    "imdn_rtc": (lambda: IMDNRTC(scale=3, width=8, blocks=2), {"scale": 3, "width": 8, "blocks": 2}, {}),
    "imdn_rte": (lambda: IMDNRTE(width=8, blocks=2), {"scale": 2, "width": 8, "blocks": 2}, {}),
    "imdn_rte_x3": (lambda: IMDNRTE(3, 1, 8, 1), {"scale": 3, "image_channels": 1}, {}),
    "rfdn": (
        lambda: RFDN(width=10, blocks=3, pixel_range=1, attention=spatial),
        {"scale": 4, "width": 10, "blocks": 3, "pixel_range": 1.0},
        {"pixel_range": 1.0},
    ),
    "rfdn_x2_gray": (lambda: RFDN(2, 1, 9, 1), {"scale": 2, "image_channels": 1}, {"pixel_range": 255.0}),
    "pan_x2": (
        lambda: PAN(scale=2, width=7, up_width=5, blocks=2),
        {"scale": 2, "width": 7, "up_width": 5, "blocks": 2},
        {"answers": {"scale": 2}},
    ),
    "pan_x3": (lambda: PAN(3, 1, 6, 4, 1), {"scale": 3, "image_channels": 1}, {"answers": {"scale": 3}}),
    "pan_x4": (lambda: PAN(width=6, up_width=4, blocks=3), {"scale": 4, "blocks": 3}, {}),
}


@pytest.mark.parametrize("name", CASES)
def test_is_recognised_and_survives_the_way_back(name):
    make, options, told = CASES[name]
    network = fill(make()).eval()
    state = to_official(network)

    converted = convert_state(state, **told)

    assert type(converted.network) is type(network)
    assert {key: converted.spec["init_args"][key] for key in options} == options
    back = to_official(converted.network)
    assert list(back) == list(state)
    assert all(torch.equal(back[key], tensor) for key, tensor in state.items())
    picture = torch.rand(1, network.image_channels, 9, 10)
    assert torch.equal(converted.network(picture), network(picture))


def test_range_of_an_unknown_rfdn_is_a_question():
    state = to_official(RFDN(width=8, blocks=1))
    with pytest.raises(CheckpointError, match=r"not the released one.*0 to 255 or of 0 to 1"):
        convert_state(state)


def test_range_of_the_released_rfdn_is_known_and_not_contradicted(monkeypatch, caplog):
    state = to_official(fill(RFDN(width=8, blocks=1)))
    values = state["fea_conv.weight"].numpy().tobytes()
    digest = rfdn.hashlib.sha256(values).hexdigest()
    monkeypatch.setitem(rfdn.RELEASED, digest, ("some.pth", 255.0))
    assert convert_state(state).network.pixel_range == 255.0
    assert convert_state(state, pixel_range=255.0).network.pixel_range == 255.0
    with pytest.raises(CheckpointError, match=r"some\.pth, which are for 0 to 255, got pixel_range=1"):
        convert_state(state, pixel_range=1.0)


@pytest.mark.parametrize("make", [lambda: IMDN(width=16, blocks=1), lambda: IMDNRTC(blocks=1), lambda: PAN(blocks=1)])
def test_networks_of_zero_to_one_refuse_another_range(make):
    with pytest.raises(CheckpointError, match="0 to 1, got pixel_range=255"):
        convert_state(to_official(make()), pixel_range=255.0)


def test_scale_of_a_pan_is_asked_for_and_wrong_answers_are_refused(tmp_path):
    network = fill(PAN(scale=3, width=6, up_width=4, blocks=1)).eval()
    state = to_official(network)
    torch.save(state, tmp_path / "pan.pth")
    with pytest.raises(CheckpointError, match=r"tells its scale\. It is 2 or 3"):
        convert_file(tmp_path / "pan.pth")
    with pytest.raises(CheckpointError, match=r"It is 2 or 3"):
        load_network(tmp_path / "pan.pth")
    with pytest.raises(CheckpointError, match="lacks tensors: HRconv2"):
        convert_state(state, answers={"scale": 4})
    found, card = load_network(tmp_path / "pan.pth", scale=3)
    assert card["network"]["init_args"]["scale"] == 3
    picture = torch.rand(1, 3, 5, 6)
    assert torch.equal(found(picture), network(picture))


def test_a_scale_that_the_file_tells_needs_no_answer(tmp_path):
    torch.save(to_official(PAN(width=6, up_width=4, blocks=1)), tmp_path / "pan.pth")
    assert load_network(tmp_path / "pan.pth", scale=2)[0].scale == 4


@pytest.mark.parametrize(
    ("name", "key", "message"),
    [
        ("imdn_x4", "LR_conv.bias", "lacks tensors: LR_conv.bias"),
        ("imdn_rtc", "model.1.sub.1.c5.weight", "lacks tensors: model.1.sub.1.c5.weight"),
        ("rfdn", "B2.esa.conv_max.bias", "lacks tensors: B2.esa.conv_max.bias"),
        ("pan_x4", "SCPA_trunk.1.PAConv.k2.bias", "lacks tensors: SCPA_trunk.1.PAConv.k2.bias"),
    ],
)
def test_left_over_and_missing_tensors_are_named(name, key, message):
    make, _, told = CASES[name]
    state = to_official(make())
    with pytest.raises(CheckpointError, match=message):
        convert_state({name: tensor for name, tensor in state.items() if name != key}, **told)
    with pytest.raises(CheckpointError, match="no place for: extra"):
        convert_state(state | {"extra": torch.zeros(1)}, **told)


@pytest.mark.parametrize("shape", [(), (3,), (0, 16, 1, 1)])
@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("imdn_x4", "fea_conv.weight"),
        ("imdn_x4", "IMDB1.cca.conv_du.0.weight"),
        ("imdn_rtc", "model.2.weight"),
        ("rfdn", "B1.esa.conv1.weight"),
        ("rfdn", "upsampler.0.weight"),
        ("pan_x4", "conv_first.weight"),
    ],
)
def test_nonsense_shapes_are_refused(name, key, shape):
    make, _, told = CASES[name]
    with pytest.raises(CheckpointError):
        convert_state(to_official(make()) | {key: torch.zeros(shape)}, **told)
