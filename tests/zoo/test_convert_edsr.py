"""Official checkpoints of the EDSR lineage, of CARN and of DnCNN's sisters: recognised, asked about, given back."""

from __future__ import annotations

import pytest
import torch

from restore.attention import ChannelAttention
from restore.errors import CheckpointError
from restore.networks import CARN, EDSR, IRCNN, MDSR, RCAN, RDN, DnCNN, FDnCNN
from restore.zoo.convert import convert_state, to_official
from tests.parity.rules import fill


def filled(network):
    """By rule B, but the constants of the mean shift."""
    constants = {key: t.clone() for key, t in network.state_dict().items() if key.startswith(("subtract_", "add_"))}
    fill(network)
    network.load_state_dict(network.state_dict() | constants)
    return network.eval()


RESIDUAL = {"answers": {"residual_scale": 0.1}}
PORT = {"answers": {"mean": []}, "pixel_range": 255.0}
TORCH = {"answers": {"mean": [0.4488, 0.4371, 0.4040]}, "pixel_range": 255.0}
CASES = {
    "edsr_x2": (lambda: EDSR(2, width=8, blocks=3), RESIDUAL),
    "edsr_x3": (lambda: EDSR(3, width=6, blocks=1), RESIDUAL),
    "edsr_x4_range1": (lambda: EDSR(4, width=8, blocks=2, pixel_range=1.0), RESIDUAL),
    "edsr_gray": (lambda: EDSR(2, 1, width=8, blocks=2), RESIDUAL | {"pixel_range": 255.0}),
    "mdsr": (lambda: MDSR(4, width=6, blocks=2), {}),
    "mdsr_x3": (lambda: MDSR(3, width=6, blocks=1, scales=(3,)), {}),
    "rdn_x2": (lambda: RDN(2, width=6, growth=4, blocks=3, layers=2, mean=[]), PORT),
    "rdn_x3": (lambda: RDN(3, width=6, growth=5, blocks=1, layers=3), TORCH),
    "rdn_x4": (lambda: RDN(4, width=4, growth=7, blocks=2, layers=1), TORCH),
    "carn": (lambda: CARN(4, width=8), {}),
    "carn_x3": (lambda: CARN(3, width=8, groups=2, scales=(3,)), {}),
    "carn_m": (lambda: CARN(4, width=8, mobile=True, groups=4), {}),
    "carn_m_x4": (lambda: CARN(4, width=8, mobile=True, groups=2, scales=(4,)), {}),
    "ircnn": (lambda: IRCNN(1, width=6), {"network": "IRCNN"}),
    "ircnn_norm": (lambda: IRCNN(3, width=6, normalization=True), {"network": "IRCNN"}),
    "fdncnn": (lambda: FDnCNN(1, width=6, depth=5), {}),
    "fdncnn_seven": (lambda: FDnCNN(3, width=6, depth=7, normalization=True), {}),
}


@pytest.mark.parametrize("name", CASES)
def test_is_recognised_and_survives_the_way_back(name):
    make, given = CASES[name]
    network = filled(make())
    state = to_official(network)

    converted = convert_state(state, **given)

    assert type(converted.network) is type(network)
    back = to_official(converted.network)
    assert list(back) == list(state)
    assert all(torch.equal(back[key], tensor) for key, tensor in state.items())
    picture = torch.rand(2, network.image_channels, 6, 5)
    sigma = (torch.tensor([0.1]),) if network.takes_sigma else ()
    assert torch.equal(converted.network(picture, *sigma), network(picture, *sigma))


def test_the_scale_of_a_residual_branch_is_asked_for():
    state = to_official(EDSR(2, width=8, blocks=1))
    with pytest.raises(CheckpointError, match=r"tells its residual_scale.*0\.1 for the large"):
        convert_state(state)
    network = convert_state(state, answers={"residual_scale": 1.0}).network
    assert network.body.blocks[0].residual_scale == 1.0


def test_range_and_mean_shift_of_rdn_are_asked_for():
    state = to_official(RDN(2, width=4, growth=4, blocks=1, layers=1))
    with pytest.raises(CheckpointError, match="0 to 255 or of 0 to 1"):
        convert_state(state, answers={"mean": []})
    with pytest.raises(CheckpointError, match="EDSR-PyTorch have no mean shift"):
        convert_state(state, pixel_range=255.0)
    assert not convert_state(state, **PORT).network.shifts
    assert convert_state(state, **TORCH).network.shifts


def test_answers_may_not_contradict_the_file_and_must_be_options():
    state = to_official(EDSR(2, width=8, blocks=1))
    with pytest.raises(CheckpointError, match="The file tells width=8 of this EDSR, the answers 16"):
        convert_state(state, answers={"residual_scale": 1.0, "width": 16})
    with pytest.raises(CheckpointError, match="no option 'res_scale'"):
        convert_state(state, answers={"residual_scale": 1.0, "res_scale": 1.0})


def test_an_activation_that_no_tensor_tells_can_be_given():
    state = to_official(RCAN(2, width=8, groups=1, blocks=1, attention=lambda c: ChannelAttention(c, 2)))
    block = convert_state(state, answers={"activation": "silu"}).network.groups[0].blocks[0]
    assert isinstance(block.activation, torch.nn.SiLU)
    assert isinstance(convert_state(state).network.groups[0].blocks[0].activation, torch.nn.ReLU)


def test_seven_convolutions_are_dilated_or_not_as_the_user_says():
    state = to_official(filled(IRCNN(1, width=4)))
    with pytest.raises(CheckpointError, match="--network IRCNN"):
        convert_state(state)
    picture = torch.rand(1, 1, 9, 9)
    dilated, plain = (convert_state(state, network=name).network for name in ("IRCNN", "DnCNN"))
    assert (type(dilated), type(plain)) == (IRCNN, DnCNN)
    assert (dilated(picture) - plain(picture)).abs().max() > 1e-3


@pytest.mark.parametrize("name", ["edsr_x2", "mdsr", "rdn_x2", "carn_m"])
def test_nonsense_is_refused(name):
    make, given = CASES[name]
    state = to_official(make())
    with pytest.raises(CheckpointError, match=r"no place for: extra\.weight"):
        convert_state(state | {"extra.weight": torch.zeros(1)}, **given)
    first = next(key for key in state if key.startswith(("head", "SFENet1", "entry")))
    for shape in ((), (3,), (0, 3, 3, 3)):
        with pytest.raises(CheckpointError):
            convert_state(state | {first: torch.zeros(shape)}, **given)


def test_attention_of_ours_has_no_official_name():
    with pytest.raises(CheckpointError, match="attention"):
        to_official(EDSR(2, width=8, blocks=1, attention=lambda c: ChannelAttention(c, 2)))
