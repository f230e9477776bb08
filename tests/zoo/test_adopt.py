"""Starting a network from another's weights."""

import pytest
import torch

from restore.errors import CheckpointError
from restore.networks import RCAN, UNet
from restore.zoo import adopt, save_network


def small(scale: int) -> RCAN:
    return RCAN(scale, width=16, groups=1, blocks=1)


def spec(scale: int) -> dict:
    return {"class_path": "restore.networks.RCAN", "init_args": {"scale": scale, "width": 16, "groups": 1, "blocks": 1}}


def test_x4_starts_from_x2_and_says_what_is_new(tmp_path):
    source, target = small(2), small(4)
    save_network(tmp_path / "x2.safetensors", source, {"network": spec(2)})
    before = {name: value.clone() for name, value in target.state_dict().items()}
    adopted = adopt(target, str(tmp_path / "x2.safetensors"))
    after = target.state_dict()
    for name in adopted.taken:
        assert torch.equal(after[name], source.state_dict()[name])
    for name in adopted.fresh:
        assert torch.equal(after[name], before[name])
    assert set(adopted.taken) | set(adopted.fresh) == set(after)
    assert len(adopted.taken) > len(adopted.fresh) > 0
    assert f"took {len(adopted.taken)} of {len(after)} tensors" in adopted.summary()
    assert adopted.fresh[0] in adopted.summary()


def test_weights_of_another_family_are_refused(tmp_path):
    save_network(tmp_path / "x2.safetensors", small(2), {"network": spec(2)})
    with pytest.raises(CheckpointError, match="no tensor that fits"):
        adopt(UNet(widths=[8, 12], blocks=[1, 1]), str(tmp_path / "x2.safetensors"))
