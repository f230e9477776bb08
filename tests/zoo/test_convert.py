"""Official checkpoints: recognised, renamed strictly, checked, and given back bit for bit."""

from __future__ import annotations

import logging
import pickle

import pytest
import torch
from torch import nn

from restore.attention import NoAttention, no_attention
from restore.errors import CheckpointError
from restore.networks import RCAN, DnCNN, UNet
from restore.zoo import load_network, save_network
from restore.zoo.convert import convert_file, convert_state, load_official, to_official
from restore.zoo.official_file import read_official_file
from tests.parity.rules import fill

FLICKR = (0.4690, 0.4490, 0.4036)


def official_rcan(**options):
    """A small RCAN under the authors' names; the mean shift keeps its constants."""
    network = RCAN(**{"scale": 2, "width": 16, "groups": 2, "blocks": 1} | options)
    constants = {name: tensor.clone() for name, tensor in network.state_dict().items() if tensor.dim() in (1, 4)}
    fill(network)
    shift = {name: tensor for name, tensor in constants.items() if name.startswith(("subtract_", "add_"))}
    network.load_state_dict(network.state_dict() | shift)
    return to_official(network)


@pytest.mark.parametrize(
    "options",
    [
        {"scale": 1},
        {"scale": 2, "width": 20, "groups": 3, "blocks": 2},
        {"scale": 3, "pixel_range": 1.0},
        {"scale": 4, "mean": FLICKR},
        {"scale": 8, "groups": 1},
    ],
    ids=str,
)
def test_rcan_is_recognised_and_survives_the_way_back(options):
    state = official_rcan(**options)

    converted = convert_state(state)

    init_args = converted.spec["init_args"]
    expected = {"scale": 2, "width": 16, "groups": 2, "blocks": 1, "pixel_range": 255.0, "image_channels": 3} | options
    assert {key: init_args[key] for key in expected if key != "mean"} == {
        k: v for k, v in expected.items() if k != "mean"
    }
    back = to_official(converted.network)
    assert list(back) == list(state)
    assert all(torch.equal(back[name], tensor) for name, tensor in state.items())


@pytest.mark.parametrize("reduction", [2, 3, 5, 16])
def test_reduction_is_read_even_where_it_does_not_divide(reduction):
    from restore.attention import ChannelAttention

    state = official_rcan(attention=lambda channels: ChannelAttention(channels, reduction))
    found = convert_state(state).spec["init_args"]["attention"]["init_args"]["reduction"]
    assert 16 // found == 16 // reduction


@pytest.mark.parametrize("normalization", [False, True])
@pytest.mark.parametrize(("image_channels", "width", "depth"), [(1, 8, 5), (3, 6, 2), (3, 4, 9)])
def test_dncnn_is_recognised_and_survives_the_way_back(image_channels, width, depth, normalization):
    network = fill(DnCNN(image_channels, width, depth, normalization))
    state = to_official(network)

    converted = convert_state(state)

    assert converted.spec["init_args"] == {
        "image_channels": image_channels,
        "width": width,
        "depth": depth,
        "normalization": normalization and depth > 2,
    }
    assert all(torch.equal(tensor, state[name]) for name, tensor in to_official(converted.network).items())
    picture = torch.rand(1, image_channels, 6, 7)
    assert torch.equal(converted.network(picture), network.eval()(picture))


def test_trained_mean_shift_is_kept_and_said(caplog):
    state = official_rcan()
    state["sub_mean.bias"] = state["sub_mean.bias"] + torch.tensor([1.0, -2.0, 0.5])
    state["add_mean.weight"] = state["add_mean.weight"] + 0.01

    with caplog.at_level(logging.WARNING):
        converted = convert_state(state)

    assert "trained" in caplog.text
    assert converted.spec["init_args"]["pixel_range"] == 255.0
    assert torch.equal(converted.network.subtract_bias, state["sub_mean.bias"])
    assert torch.equal(converted.network.add_weight, state["add_mean.weight"])


def test_published_constants_are_named(caplog):
    with caplog.at_level(logging.INFO):
        convert_state(official_rcan(mean=FLICKR))
    assert "DIVFlickr2K" in caplog.text


def test_unknown_pixel_range_is_a_question_that_the_answer_settles():
    state = official_rcan()
    state["sub_mean.bias"] = torch.tensor([-30.0, -20.0, -25.0])
    with pytest.raises(CheckpointError, match="0 to 255 or of 0 to 1"):
        convert_state(state)
    assert convert_state(state, pixel_range=255.0).network.pixel_range == 255.0

    without = official_rcan(mean=())
    with pytest.raises(CheckpointError, match="0 to 255 or of 0 to 1"):
        convert_state(without)
    network = convert_state(without, pixel_range=1.0).network
    assert (network.pixel_range, network.shifts) == (1.0, False)


def test_given_pixel_range_may_not_contradict_the_constants():
    with pytest.raises(CheckpointError, match="for 0 to 255, got pixel_range=1"):
        convert_state(official_rcan(), pixel_range=1.0)
    with pytest.raises(CheckpointError, match="0 to 1, got pixel_range=255"):
        convert_state(to_official(DnCNN(1, 4, 3)), pixel_range=255.0)


def test_seven_layers_may_be_another_network():
    state = to_official(DnCNN(1, 4, 7))
    with pytest.raises(CheckpointError, match="IRCNN"):
        convert_state(state)
    assert convert_state(state, network="DnCNN").spec["init_args"]["depth"] == 7
    with pytest.raises(CheckpointError, match="Known: RCAN, DnCNN"):
        convert_state(state, network="dncnn")


def test_left_over_missing_and_misshapen_tensors_are_named():
    state = official_rcan()
    with pytest.raises(CheckpointError, match=r"no place for: extra\.weight"):
        convert_state(state | {"extra.weight": torch.zeros(1)})
    with pytest.raises(CheckpointError, match=r"lacks tensors: body\.1\.body\.0\.body\.2\.bias"):
        convert_state({name: tensor for name, tensor in state.items() if name != "body.1.body.0.body.2.bias"})
    with pytest.raises(CheckpointError, match=r"tail\.1\.bias is \(4,\), tail\.bias is \(3,\)"):
        convert_state(state | {"tail.1.bias": torch.zeros(4)})
    with pytest.raises(CheckpointError, match=r"add_mean\.bias is missing"):
        convert_state({name: tensor for name, tensor in state.items() if name != "add_mean.bias"})
    with_two_maps = to_official(DnCNN(1, 4, 3)) | {"model.0.weight": torch.zeros(4, 3, 3, 3)}
    with pytest.raises(CheckpointError, match="FDnCNN"):
        convert_state(with_two_maps)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("head.0.weight", (3,)),
        ("head.0.weight", ()),
        ("body.0.body.0.body.3.conv_du.0.weight", (0, 16, 1, 1)),
        ("body.0.body.0.body.3.conv_du.0.weight", ()),
        ("tail.0.0.weight", ()),
        ("sub_mean.weight", (3,)),
    ],
)
def test_nonsense_shapes_are_refused(name, shape):
    with pytest.raises(CheckpointError):
        convert_state(official_rcan() | {name: torch.zeros(shape)})


def test_dncnn_without_convolutions_is_refused():
    with pytest.raises(CheckpointError, match="shapes"):
        convert_state({"model.0.weight": torch.zeros(3)})


def test_wrappers_and_prefix_are_understood(tmp_path):
    state = to_official(fill(DnCNN(1, 4, 4)))
    other = to_official(DnCNN(1, 4, 4))
    parallel = {f"module.{name}": tensor for name, tensor in state.items()}
    for content in (
        state,
        {"params": state},
        {"params": other, "params_ema": state},
        {"state_dict": parallel, "epoch": 3},
    ):
        torch.save(content, tmp_path / "file.pth")
        read = read_official_file(tmp_path / "file.pth").state
        assert list(read) == list(state)
        assert all(torch.equal(read[name], tensor) for name, tensor in state.items())
    assert isinstance(load_official(tmp_path / "file.pth"), DnCNN)


def test_unreadable_files_are_named(tmp_path):
    broken = tmp_path / "broken.pth"
    broken.write_bytes(b"\x80\x02 not a checkpoint")
    module = tmp_path / "module.pth"
    torch.save(nn.Conv2d(1, 1, 1), module)
    code = tmp_path / "code.pth"
    code.write_bytes(pickle.dumps(print))
    empty = tmp_path / "empty.pth"
    empty.touch()
    numbers = tmp_path / "numbers.pth"
    torch.save({"epoch": 1}, numbers)
    unknown = tmp_path / "unknown.pth"
    torch.save({"fc.weight": torch.zeros(2, 2)}, unknown)
    for file in (broken, module, code, empty, numbers, unknown, tmp_path / "absent.pth", tmp_path):
        with pytest.raises(CheckpointError, match=file.name):
            convert_file(file)


def test_networks_of_ours_alone_have_no_official_names():
    with pytest.raises(CheckpointError, match="UNet"):
        to_official(UNet(widths=(8,), blocks=(1,)))
    with pytest.raises(CheckpointError, match="attention"):
        to_official(RCAN(scale=2, width=8, groups=1, blocks=1, attention=no_attention))
    assert isinstance(no_attention(3), NoAttention)


def test_a_placement_that_the_authors_have_not_is_refused():
    from restore.attention import ChannelAttention

    network = RCAN(scale=2, width=8, groups=1, blocks=1, attention=lambda c: ChannelAttention(c, 2), placement="pre")
    with pytest.raises(CheckpointError, match="placement"):
        to_official(network)


def test_official_files_are_loaded_like_any_other(tmp_path):
    state = official_rcan(scale=4)
    torch.save({"params": state}, tmp_path / "theirs.pth")

    network, card = load_network(tmp_path / "theirs.pth")
    save_network(tmp_path / "ours.safetensors", network, card)
    again, _ = load_network(tmp_path / "ours.safetensors")

    assert card["network"]["class_path"] == "restore.networks.RCAN"
    assert all(torch.equal(tensor, state[name]) for name, tensor in to_official(again).items())


def test_files_that_leave_a_question_open_say_where_the_answer_goes(tmp_path):
    torch.save(official_rcan(mean=()), tmp_path / "theirs.pth")
    with pytest.raises(CheckpointError, match=r"0 to 255 or of 0 to 1.*convert_file"):
        load_network(tmp_path / "theirs.pth")
