"""Authors' files that hold several sets of weights: a choice, not a guess; and IRCNN's, one set a noise level."""

from __future__ import annotations

import logging

import pytest
import torch

import restore
from restore.errors import CheckpointError, ConfigError
from restore.networks import IRCNN
from restore.zoo import load_network, sigma_to_tell, to_official
from restore.zoo.convert import convert_file
from restore.zoo.official.noise_levels import levels_of, part_for
from restore.zoo.official_file import unwrap


def weights(value, prefix=""):
    return {f"{prefix}a.weight": torch.full((2,), float(value)), f"{prefix}b.bias": torch.zeros(1)}


@pytest.fixture
def released(tmp_path):
    """As KAIR's ircnn_gray.pth is: 25 state dicts by their running numbers."""
    torch.manual_seed(0)
    sets = {str(number): to_official(IRCNN(1, width=2)) for number in range(25)}
    torch.save(sets, tmp_path / "ircnn_gray.pth")
    return tmp_path / "ircnn_gray.pth", sets


def test_averaged_weights_are_taken_and_that_is_said(caplog):
    content = {"params": weights(1), "params_ema": weights(2)}
    assert unwrap(content).state["a.weight"][0] == 2
    assert "took params_ema, the averaged weights (--part params takes the others)" in caplog.text
    caplog.clear()
    assert unwrap(content, part="params").state["a.weight"][0] == 1
    assert unwrap({"params": {}, "params_ema": weights(2)}).state["a.weight"][0] == 2
    assert unwrap({"params": weights(1), "params_ema": {}}).state["a.weight"][0] == 1
    assert not caplog.records


def test_one_set_is_found_under_any_name_and_several_are_asked_about():
    inner = {"epoch": 3, "net": weights(1, "module."), "optimizer": {"state": {0: {"step": 1}}, "param_groups": []}}
    assert unwrap({"state_dict": inner}).state.keys() == weights(1).keys()
    several = {"generator": weights(1), "discriminator": weights(2), "epoch": 1}
    with pytest.raises(
        CheckpointError, match=r"Holds 2 sets of weights: generator, discriminator\. Name one by --part"
    ):
        unwrap(several)
    assert unwrap(several, part="discriminator").state["a.weight"][0] == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"generator": weights(1), "discriminator": weights(2)}, "no part 'g'. It has generator, discriminator"),
        ({"params": weights(1)}, "no part 'g'; its weights are under params: leave it out"),
        (weights(1), "no part 'g'; it is one set of weights"),
    ],
)
def test_a_part_that_is_not_there_is_told(content, message):
    with pytest.raises(CheckpointError, match=message):
        unwrap(content, part="g")


@pytest.mark.parametrize(
    "content", [{}, [1], {"a": {}}, {"a": {"b": 1}}, {"params": {"b": {}}}, {"a": torch.ones(1), "b": 1}]
)
def test_no_weights_are_no_weights(content):
    with pytest.raises(CheckpointError, match="Holds no weights by name"):
        unwrap(content)


@pytest.mark.parametrize(
    ("sigma", "part"), [(0.5, "0"), (2, "0"), (2.1, "1"), (15, "7"), (25, "12"), (26, "12"), (50, "24"), (75, "24")]
)
def test_the_set_for_a_noise_level_is_kairs(sigma, part):
    assert part_for(sigma) == part
    low, high = levels_of(part)
    assert low < min(sigma, 50) <= high


def test_noise_stronger_than_all_sets_is_said_and_none_is_refused(caplog):
    with caplog.at_level(logging.WARNING):
        part_for(75)
    assert "strongest noise of these weights is sigma 50" in caplog.text
    for sigma in (0, -1, float("nan")):
        with pytest.raises(CheckpointError, match="above 0 grey levels"):
            part_for(sigma)


def test_ircnns_file_is_a_question_that_the_noise_or_the_part_settles(released):
    file, sets = released
    with pytest.raises(CheckpointError, match=r"25 sets of weights, 0 to 24, as IRCNN's.*--sigma 25.*--part 12"):
        convert_file(file)
    for chosen in ({"sigma": 25}, {"part": "12"}):
        network = convert_file(file, **chosen).network
        assert isinstance(network, IRCNN)  # the form of the file tells it from DnCNN
        assert torch.equal(network.head.weight, sets["12"]["model.0.weight"])
    with pytest.raises(CheckpointError, match=r"no part '25'\. It has 0, 1, 2, 3 and 21 more"):
        convert_file(file, part="25")


def test_twenty_four_sets_are_not_ircnns(released, tmp_path):
    _, sets = released
    del sets["7"]
    torch.save(sets, tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match=r"Holds 24 sets of weights.*Name one by --part"):
        convert_file(tmp_path / "other.pth", sigma=25)
    assert isinstance(convert_file(tmp_path / "other.pth", part="3", network="IRCNN").network, IRCNN)


def test_weights_of_one_level_need_no_telling_and_refuse_another(released):
    file, sets = released
    network, card = load_network(file, sigma=25)
    assert torch.equal(network.head.weight, sets["12"]["model.0.weight"])
    assert card["weights_for_sigma"] == [24, 26]
    assert sigma_to_tell(card, 25, "a") is None
    assert sigma_to_tell(card, None, "a") is None
    with pytest.raises(ConfigError, match=r"are for noise of sigma 24 to 26, got 15.*--sigma 15"):
        sigma_to_tell(card, 15, "a")
    assert sigma_to_tell(load_network(file, sigma=75)[1], 75, "a") is None
    assert sigma_to_tell({}, 15, "a") == 15


def test_load_takes_the_set_for_sigma(released):
    file, _ = released
    picture = torch.rand(1, 6, 7)
    restorer = restore.load(file, sigma=15, precision="fp32")
    other = IRCNN(1, width=2)
    other.load_state_dict(convert_file(file, part="7").network.state_dict())
    with torch.no_grad():
        torch.testing.assert_close(restorer(picture), other(picture[None])[0])
