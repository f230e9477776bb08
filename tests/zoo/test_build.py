"""A weights file names its network; a stranger's file must not name anything else."""

from __future__ import annotations

import sys

import pytest
import torch

from restore.attention import ChannelAttention, NoAttention
from restore.errors import CheckpointError
from restore.networks import UNet
from restore.zoo import build

SMALL = {"widths": [8, 8], "blocks": [1, 1]}


def unet(**options):
    return {"class_path": "restore.networks.UNet", "init_args": SMALL | options}


def attentions(network):
    return [module for module in network.modules() if isinstance(module, ChannelAttention | NoAttention)]


def test_a_network_is_built_from_names_and_numbers():
    network = build(unet(image_channels=1))
    assert isinstance(network, UNet)
    assert network.image_channels == 1
    assert network(torch.rand(1, 1, 8, 8)).shape == (1, 1, 8, 8)


def test_a_nested_class_becomes_a_factory_that_is_called_once_a_place():
    attention = {"class_path": "restore.attention.ChannelAttention", "init_args": {"reduction": 4}}
    found = attentions(build(unet(attention=attention)))
    assert len(found) == len(set(map(id, found))) == 3
    assert all(module.squeeze.out_channels == 2 for module in found)


@pytest.mark.parametrize("path", ["restore.attention.NoAttention", "restore.networks.unet.unet_attention"])
def test_a_factory_may_be_a_path(path):
    kind = NoAttention if path.endswith("NoAttention") else ChannelAttention
    assert all(isinstance(module, kind) for module in attentions(build(unet(attention=path))))


def test_full_paths_of_module_files_work_as_well():
    assert isinstance(build({"class_path": "restore.networks.unet.UNet", "init_args": SMALL}), UNet)


TRAPS = [
    "os.system",
    "subprocess.Popen",
    "builtins.eval",
    "torch.hub.load",
    "torch.load",
    "torch.utils.cpp_extension.load",
    "torch.jit.load",
    "torch.package.PackageImporter",
    "torch.fx.GraphModule",
    "torch.serialization.pickle.loads",
    "torch.nn.modules.module.functools.partial",
    "torch.nn.functional.handle_torch_function",
    "torch.nn.utils.parametrize.copy.deepcopy",
    "restore.images.atomic.os.system",
    "restore.networks.unet.nn.Conv2d",
    "restore.networks.base.ABC",
    "restore.commands.denoise.main",
    "restore.main.main",
    "restore.zoo.catalogue.load_network",
    "restore.networks",
    "restore.errors.ConfigError",
    "restorer.networks.UNet",
    "restore.networks.UNet; import os",
    "restore.networks..UNet",
    "restore.networks.UNet.__init__",
    "restore.networks.unet.__builtins__",
    "__main__.main",
    "",
    7,
    None,
]


@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("nested", [False, True])
def test_names_outside_are_refused(trap, nested):
    spec = {"class_path": trap, "init_args": {}}
    with pytest.raises(CheckpointError):
        build(unet(attention=spec) if nested else spec)
    if nested and isinstance(trap, str):
        with pytest.raises(CheckpointError):
            build(unet(attention=trap))


def test_nothing_is_imported_for_a_strangers_name():
    before = set(sys.modules)
    for path in ("antigravity.fly", "torch.utils.bottleneck.__main__.main", "torch.distributed.run.main", "this.s"):
        with pytest.raises(CheckpointError):
            build({"class_path": path})
    assert not {"antigravity", "this", "torch.distributed.run"} & (set(sys.modules) - before)


def test_a_module_that_is_no_network_is_refused_at_the_top():
    for path in ("torch.nn.Conv2d", "restore.attention.NoAttention", "restore.networks.RestorationNetwork"):
        with pytest.raises(CheckpointError, match="not a restoration network"):
            build({"class_path": path})


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (unet(dephth=4), "no option 'dephth'"),
        (unet(widths="wide"), "cannot be built"),
        (unet(widths=[8], blocks=[1, 1]), "one of each"),
        (unet(widths=[-8, 8]), "cannot be built"),
        (unet(widths=object()), "names and numbers"),
        ({"class_path": "restore.networks.UNet", "init_args": [1]}, "no table"),
        ({"class_path": "restore.networks.UNet", "dict_kwargs": {}}, "class_path and init_args"),
        ("restore.networks.UNet", "class_path and init_args"),
        (unet(attention={"class_path": "restore.networks.unet.unet_attention"}), "where a class is needed"),
    ],
)
def test_options_that_do_not_fit_are_named(spec, message):
    with pytest.raises(CheckpointError, match=message):
        build(spec)
