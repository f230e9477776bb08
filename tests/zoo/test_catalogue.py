"""Weights go to a file and come back; files that are not ours are refused with a reason."""

from __future__ import annotations

import json
import os
import pickle

import pytest
import torch
from safetensors.torch import load_file, save_file

import restore
from restore.errors import CheckpointError
from restore.networks import UNet
from restore.zoo import MODELS, catalogue, load_network, save_network

OPTIONS = {"widths": [8, 8], "blocks": [1, 1]}
SPEC = {"class_path": "restore.networks.UNet", "init_args": OPTIONS}


@pytest.fixture
def network():
    torch.manual_seed(0)
    return UNet(**OPTIONS)


@pytest.fixture
def file(tmp_path, network):
    save_network(tmp_path / "small.safetensors", network, {"network": SPEC, "scores": {"CBSD68": 31.2}})
    return tmp_path / "small.safetensors"


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


def test_weights_and_card_come_back(file, network):
    loaded, card = load_network(file)
    assert same(loaded, network)
    assert not loaded.training
    assert card["scores"] == {"CBSD68": 31.2}
    assert card["model"] == "small"
    assert card["restore_version"] == restore.__version__
    assert os.listdir(file.parent) == ["small.safetensors"]


def test_the_size_of_training_is_the_cards(tmp_path, network, file):
    assert load_network(file)[0].train_size is None
    save_network(tmp_path / "sized.safetensors", network, {"network": SPEC, "patch_size": 80})
    loaded, _ = load_network(tmp_path / "sized.safetensors")
    assert loaded.train_size == 80
    assert restore.load(tmp_path / "sized.safetensors").train_size == 80


def test_a_checkpoint_of_a_task_is_read(tmp_path, network):
    state = {f"network.{name}": tensor for name, tensor in network.state_dict().items()} | {
        "loss.weight": torch.ones(1)
    }
    content = {"state_dict": state, "hyper_parameters": {"network": SPEC, "lr": 0.1}, "epoch": 3, "global_step": 40}
    torch.save(content, tmp_path / "last.ckpt")
    loaded, card = load_network(tmp_path / "last.ckpt")
    assert same(loaded, network)
    assert (card["model"], card["epoch"], card["global_step"]) == ("last", 3, 40)


def test_names_are_found_and_near_ones_suggested(file, network, monkeypatch):
    monkeypatch.setitem(MODELS, "photo", file)
    assert same(load_network("photo")[0], network)
    with pytest.raises(CheckpointError, match="Did you mean 'photo'"):
        load_network("phto")
    with pytest.raises(CheckpointError, match=r"There is no weights file x/y\.ckpt"):
        load_network("x/y.ckpt")


def test_the_catalogue_is_what_lies_in_the_weights_folder():
    folder = os.path.join(os.path.dirname(catalogue.__file__), "weights")
    assert all(path.parent == type(path)(folder) and path.is_file() for path in MODELS.values())


class Trap:
    def __init__(self, target):
        self.target = str(target)

    def __reduce__(self):
        return os.mkdir, (self.target,)


def test_code_in_a_checkpoint_is_not_run(tmp_path):
    torch.save({"state_dict": {}, "hyper_parameters": {"network": Trap(tmp_path / "run")}}, tmp_path / "a.ckpt")
    (tmp_path / "b.pth").write_bytes(pickle.dumps(Trap(tmp_path / "run")))
    for name in ("a.ckpt", "b.pth"):
        with pytest.raises(CheckpointError, match=r"not opened|damaged") as caught:
            load_network(tmp_path / name)
        assert name in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_a_card_cannot_call_anything(tmp_path):
    card = {"network": {"class_path": "os.mkdir", "init_args": {"path": str(tmp_path / "run")}}}
    save_file({"x": torch.zeros(1)}, tmp_path / "a.safetensors", metadata={"restore": json.dumps(card)})
    with pytest.raises(CheckpointError, match=r"a\.safetensors: os\.mkdir"):
        load_network(tmp_path / "a.safetensors")
    assert not (tmp_path / "run").exists()


def test_damaged_files_are_named(tmp_path, file, network):
    good = file.read_bytes()
    torch.save({"state_dict": network.state_dict()}, tmp_path / "good.ckpt")
    checkpoint = (tmp_path / "good.ckpt").read_bytes()
    contents = {
        "empty.safetensors": b"",
        "short.safetensors": good[:-100],
        "text.safetensors": b"hello world, no weights here",
        "empty.ckpt": b"",
        "short.ckpt": checkpoint[: len(checkpoint) // 2],
        "text.ckpt": b"hello world",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(CheckpointError, match="damaged") as caught:
            load_network(tmp_path / name)
        assert name in str(caught.value)


def test_foreign_files_are_told_from_ours(tmp_path, network):
    save_file(network.state_dict(), tmp_path / "a.safetensors")
    torch.save(network.state_dict(), tmp_path / "a.pth")
    torch.save([1, 2], tmp_path / "list.ckpt")
    for name in ("a.safetensors", "a.pth", "list.ckpt"):
        with pytest.raises(CheckpointError, match="does not say which network"):
            load_network(tmp_path / name)


def test_tensors_that_do_not_fit_are_named(tmp_path, network, file):
    state = load_file(file)
    card = {"restore": json.dumps({"network": SPEC})}
    changes = {
        "lacks tail.bias": {k: v for k, v in state.items() if k != "tail.bias"},
        "has extra, which": state | {"extra": torch.zeros(1)},
        r"has tail.bias as \(3,\)": state | {"tail.bias": torch.zeros(3)},
    }
    for message, changed in changes.items():
        save_file(changed, tmp_path / "b.safetensors", metadata=card)
        with pytest.raises(CheckpointError, match=message):
            load_network(tmp_path / "b.safetensors")


def test_weights_that_could_not_be_read_back_are_not_saved(tmp_path, network):
    with pytest.raises(CheckpointError, match="lacks 'network'"):
        save_network(tmp_path / "a.safetensors", network, {})
    other = {"class_path": "restore.networks.UNet", "init_args": {"widths": [8], "blocks": [1]}}
    with pytest.raises(CheckpointError, match="does not fit"):
        save_network(tmp_path / "a.safetensors", network, {"network": other})
    with pytest.raises(CheckpointError, match=r"\.safetensors"):
        save_network(tmp_path / "a.pth", network, {"network": SPEC})
    assert not list(tmp_path.iterdir())


def test_half_precision_weights_become_float32(tmp_path, network, file):
    state = {name: tensor.half() for name, tensor in load_file(file).items()}
    save_file(state, tmp_path / "half.safetensors", metadata={"restore": json.dumps({"network": SPEC})})
    loaded, _ = load_network(tmp_path / "half.safetensors")
    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.float32}


def test_load_gives_a_restorer(file):
    restorer = restore.load(file, self_ensemble=True, tile=64)
    assert restorer.self_ensemble
    assert restorer.tile == 64
    assert restorer(torch.rand(3, 9, 7)).shape == (3, 9, 7)
