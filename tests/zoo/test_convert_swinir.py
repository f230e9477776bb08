"""Official SwinIR checkpoints: recognised, their masks checked and given back, asked about."""

from __future__ import annotations

import pytest
import torch

from restore.attention import no_attention
from restore.attention.representation.window import shift_mask
from restore.errors import CheckpointError
from restore.networks import SwinIR
from restore.zoo.convert import convert_state, to_official
from tests.parity.rules import fill

SMALL = {"width": 8, "blocks": [2, 3], "heads": [2, 4], "window": 4, "up_width": 6}


def official(size: tuple[int, int] = (16, 16), **options) -> dict[str, torch.Tensor]:
    """A small SwinIR under the authors' names, with the masks of a network that was built for `size`."""
    network = fill(SwinIR(**SMALL | options))
    mask = shift_mask(size, network.multiple_of, network.multiple_of // 2, torch.zeros(()))
    names = [
        f"layers.{i}.residual_group.blocks.{j}.attn_mask"
        for i, group in enumerate(network.groups)
        for j in range(1, len(group.blocks), 2)
    ]
    return to_official(network) | {name: mask.clone() for name in names}


@pytest.mark.parametrize(
    "options",
    [
        *({"scale": scale} for scale in (2, 3, 4, 8)),
        *({"scale": scale, "upsampler": "direct"} for scale in (2, 3, 4)),
        {"scale": 4, "upsampler": "nearest"},
        {"scale": 2, "upsampler": "nearest", "bottleneck": True},
        {"scale": 1, "image_channels": 1},
        {"scale": 1, "image_channels": 3, "window": 7, "pixel_range": 255.0, "expansion": 2.6},
        {"scale": 2, "width": 12, "blocks": [1, 2], "heads": [1, 6], "expansion": 25 / 12, "up_width": 5},
    ],
    ids=str,
)
@pytest.mark.parametrize("windows", [(4, 4), (2, 3)])
def test_is_recognised_and_survives_the_way_back(options, windows):
    window = options.get("window", 4)
    state = official((windows[0] * window, windows[1] * window), **options)

    converted = convert_state(state, pixel_range=options.get("pixel_range", 1.0))

    expected = SwinIR(**SMALL | options)
    assert converted.network.state_dict().keys() == expected.state_dict().keys()
    assert (converted.network.scale, converted.network.context) == (expected.scale, expected.context)
    back = to_official(converted.network, converted.dead)
    assert back.keys() == state.keys()
    assert all(torch.equal(back[name], tensor) for name, tensor in state.items())
    plain = to_official(converted.network)
    assert plain.keys() == {name for name in state if "attn_mask" not in name}


def test_the_network_computes_what_it_did():
    network = fill(SwinIR(2, **SMALL)).eval()
    again = convert_state(official(scale=2), pixel_range=1.0).network
    picture = torch.rand(2, 3, 9, 6)
    assert torch.equal(again(picture), network(picture))


def test_the_range_is_asked_for():
    with pytest.raises(CheckpointError, match=r"tells its pixel_range.*255 for JPEG.*0 to 255 or of 0 to 1"):
        convert_state(official(scale=2))
    assert convert_state(official(scale=2), answers={"pixel_range": 1.0}).network.pixel_range == 1.0


def test_another_mask_is_refused():
    state = official(scale=2)
    name = "layers.1.residual_group.blocks.1.attn_mask"
    with pytest.raises(CheckpointError, match=rf"constants.*{name}"):
        convert_state(state | {name: state[name] + 1}, pixel_range=1.0)
    for wrong in (torch.zeros(()), torch.zeros(0, 16, 16), torch.zeros(4, 9, 9), state[name][:3]):
        with pytest.raises(CheckpointError, match="constants"):
            convert_state(state | {name: wrong}, pixel_range=1.0)
    with pytest.raises(CheckpointError, match=rf"lacks tensors: {name}"):
        convert_state({key: tensor for key, tensor in state.items() if key != name}, pixel_range=1.0)
    with pytest.raises(CheckpointError, match=r"no place for.*blocks\.0\.attn_mask"):
        convert_state(state | {"layers.0.residual_group.blocks.0.attn_mask": state[name]}, pixel_range=1.0)


def test_masks_of_another_size_are_taken_at_half_precision_too():
    state = {name: t.half() if t.is_floating_point() else t for name, t in official((8, 20), scale=2).items()}
    converted = convert_state(state, pixel_range=1.0)
    back = to_official(converted.network, converted.dead)
    masks = {name for name in state if name.endswith("attn_mask")}
    assert all(torch.equal(back[name], state[name]) for name in masks)


def test_without_masks_the_shift_is_asked_for():
    state = to_official(fill(SwinIR(2, **SMALL)))
    with pytest.raises(CheckpointError, match=r"tells its shifted.*shifted=true"):
        convert_state(state, pixel_range=1.0)
    shifts = [
        convert_state(state, pixel_range=1.0, answers={"shifted": shifted}).network.groups[0].blocks[1].attention.shift
        for shifted in (True, False)
    ]
    assert shifts == [2, 0]
    alone = to_official(fill(SwinIR(2, width=8, blocks=[1], heads=[2])))
    assert convert_state(alone, pixel_range=1.0).network.groups[0].blocks[0].attention.shift == 0


def test_what_has_masks_is_shifted():
    with pytest.raises(CheckpointError, match="no place for"):
        convert_state(official(scale=2), pixel_range=1.0, answers={"shifted": False})


def test_what_the_origin_says_of_the_range_goes_by_the_window():
    ranges = {
        window: convert_state(
            official((2 * window,) * 2, window=window), origin="jingyunliang/SwinIR"
        ).network.pixel_range
        for window in (7, 8)
    }
    assert ranges == {7: 255.0, 8: 1.0}
    with pytest.raises(CheckpointError, match="tells its pixel_range"):
        convert_state(official(), origin="JingyunLiang/SwinIR")
    with pytest.raises(CheckpointError, match=r"have pixel_range=1\.0, the answer is 255\.0"):
        convert_state(official((16, 16), window=8), origin="JingyunLiang/SwinIR", pixel_range=255.0)


def test_another_attention_has_no_official_names():
    with pytest.raises(CheckpointError, match="lacks"):
        to_official(SwinIR(2, **SMALL, attention=no_attention))


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("conv_first.weight", (8,)),
        ("conv_first.weight", ()),
        ("layers.0.residual_group.blocks.0.attn.relative_position_bias_table", ()),
        ("layers.0.residual_group.blocks.0.attn.relative_position_bias_table", (0, 0)),
        ("layers.0.residual_group.blocks.0.mlp.fc1.weight", ()),
        ("conv_before_upsample.0.weight", ()),
        ("conv_first.weight", (0, 3, 3, 3)),
    ],
)
def test_nonsense_shapes_are_refused(name, shape):
    with pytest.raises(CheckpointError):
        convert_state(official(scale=2) | {name: torch.zeros(shape)}, pixel_range=1.0)
