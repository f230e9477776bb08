"""Checkpoints hold names and numbers, and those of strangers build nothing but our own classes."""

from __future__ import annotations

import pickle
import sys
from functools import partial

import pytest
import torch
from pytorch_lightning import Trainer
from torch.optim import AdamW

from restore.attention import ChannelAttention
from restore.data import Pictures
from restore.degradation import Bicubic, GaussianNoise
from restore.errors import CheckpointError
from restore.networks import RCAN, DnCNN
from restore.tasks import Denoising, RestorationTask, SuperResolution, WarmupStableDecay, load_task
from tests.data.pictures import make_pictures
from tests.runs import call, only_run, words

TRACE = "/tmp/restore_test_of_a_trap"


@pytest.fixture(scope="module")
def by_command_line(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    pictures = make_pictures(folder / "pictures")[0].parent
    more = ["--runs", str(folder / "runs"), "--model.optimizer", "AdamW", "--model.optimizer.weight_decay", "0.5"]
    assert call(words("fit", pictures, *more)) == 0
    return only_run(folder) / "checkpoints" / "last.ckpt"


@pytest.fixture(scope="module")
def by_python(tmp_path_factory):
    folder = tmp_path_factory.mktemp("python")
    pictures = str(make_pictures(folder / "pictures")[0].parent)
    task = Denoising(DnCNN(width=8, depth=3), GaussianNoise(15), optimizer=partial(AdamW, lr=0.01), seed=3)
    data = Pictures(root=pictures, validation={"a": pictures}, patch_size=8, patches_per_epoch=32, workers=0)
    trainer = Trainer(max_epochs=1, accelerator="cpu", logger=False, enable_progress_bar=False, default_root_dir=folder)
    trainer.fit(task, data)
    trainer.save_checkpoint(folder / "task.ckpt")
    return task, folder / "task.ckpt"


@pytest.fixture
def tampered(by_command_line, tmp_path):
    """A checkpoint with other hyper-parameters."""

    def write(**changes):
        content = torch.load(by_command_line, weights_only=True)
        content["hyper_parameters"] |= changes
        torch.save(content, tmp_path / "stranger.ckpt")
        return tmp_path / "stranger.ckpt"

    return write


def test_both_kinds_load_with_weights_only(by_command_line, by_python):
    for path in (by_command_line, by_python[1]):
        content = torch.load(path, weights_only=True)
        assert content["global_step"] > 0
        assert all(torch.is_tensor(value) for value in content["state_dict"].values())


def test_the_command_lines_task_comes_back_as_it_was(by_command_line):
    task = RestorationTask.load_from_checkpoint(by_command_line)
    assert type(task) is SuperResolution
    assert isinstance(task.network, RCAN)
    assert task.network.scale == 2
    attention = next(module for module in task.network.modules() if isinstance(module, ChannelAttention))
    assert attention.squeeze.out_channels == 2
    assert isinstance(task.degradation, Bicubic)
    state = torch.load(by_command_line, weights_only=True)["state_dict"]
    assert all(torch.equal(value, state[name]) for name, value in task.state_dict().items())
    built = task.configure_optimizers()
    assert type(built["optimizer"]) is AdamW
    assert built["optimizer"].defaults["weight_decay"] == 0.5
    schedule = built["lr_scheduler"]["scheduler"]
    assert isinstance(schedule, WarmupStableDecay)
    assert (schedule.steps, schedule.warmup, schedule.decay) == (8, 1, 2)


def test_the_right_class_may_ask_and_a_wrong_one_is_told(by_command_line):
    assert type(SuperResolution.load_from_checkpoint(by_command_line)) is SuperResolution
    with pytest.raises(CheckpointError, match="holds a SuperResolution, not a Denoising"):
        Denoising.load_from_checkpoint(by_command_line)


def test_pythons_task_comes_back_with_its_network(by_python):
    task, path = by_python
    loaded = Denoising.load_from_checkpoint(path, network=DnCNN(width=8, depth=3))
    assert loaded.seed == 3
    assert all(torch.equal(value, loaded.state_dict()[name]) for name, value in task.state_dict().items())
    with pytest.raises(CheckpointError, match="Give network="):
        Denoising.load_from_checkpoint(path)
    with pytest.raises(CheckpointError, match="names no task"):
        load_task(path)
    with pytest.raises(CheckpointError, match="does not fit"):
        Denoising.load_from_checkpoint(path, network=DnCNN(width=4, depth=3))


TRAPS = [
    {"class_path": "os.system", "init_args": {"command": f"touch {TRACE}"}},
    {"class_path": "subprocess.Popen", "init_args": {"args": ["touch", TRACE]}},
    {"class_path": "builtins.exec", "init_args": {"source": f"open('{TRACE}', 'w')"}},
    {"class_path": "torch.utils.cpp_extension.subprocess.Popen", "init_args": {"args": ["touch", TRACE]}},
    {"class_path": "restore.tasks.checkpoint.torch.hub.load", "init_args": {}},
    {"class_path": "restore.zoo.build.importlib.import_module", "init_args": {"name": "this"}},
    {"class_path": "restore.degradation.jpeg.jpeg_round_trip", "init_args": {}},
    {"class_path": "this.C", "init_args": {}},
    {"class_path": "antigravity.fly", "init_args": {}},
]


@pytest.mark.parametrize("place", ["network", "degradation", "loss", "optimizer", "scheduler", "attention", "steps"])
@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap["class_path"])
def test_a_strangers_nested_classes_are_never_built_or_imported(tampered, tmp_path, place, trap):
    spec = {"class_path": "restore.networks.RCAN", "init_args": {"scale": 2, "width": 8, "groups": 1, "blocks": 1}}
    if place == "attention":
        path = tampered(network=spec | {"init_args": spec["init_args"] | {"attention": trap}})
    elif place == "steps":
        path = tampered(degradation={"class_path": "restore.degradation.Chain", "init_args": {"steps": [trap]}})
    else:
        path = tampered(**{place: trap})
    for load in (load_task, RestorationTask.load_from_checkpoint, SuperResolution.load_from_checkpoint):
        with pytest.raises(CheckpointError, match=r"is not built from a weights file|is a function|is not the name"):
            load(path)
    assert not {"this", "antigravity"} & set(sys.modules)
    from pathlib import Path

    assert not Path(TRACE).exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"_instantiator": "os.system"},
        {"_instantiator": "subprocess.Popen"},
        {"_instantiator": ["os.system"]},
        {"_class_path": "subprocess.Popen"},
        {"_class_path": "antigravity.Task"},
        {"_class_path": "restore.networks.RCAN"},
        {"_class_path": "restore.tasks.RestorationTask"},
        {"_class_path": "pytorch_lightning.LightningModule"},
        {"_class_path": 7},
        {"network": "os.system"},
        {"network": {"class_path": "torch.nn.Conv2d", "init_args": {}}},
        {"loss": {"class_path": "torch.nn.L1Loss", "init_args": {"unknown": 1}}},
        {"degradation": {"class_path": "torch.nn.Identity"}},
        {"mystery": 1},
    ],
    ids=str,
)
def test_a_strangers_instantiator_task_or_option_is_refused(tampered, changes):
    with pytest.raises(CheckpointError):
        RestorationTask.load_from_checkpoint(tampered(**changes))
    assert "antigravity" not in sys.modules


def test_code_inside_the_file_is_not_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return open, (TRACE, "w")

    torch.save({"state_dict": {}, "hyper_parameters": {"network": Trap()}}, tmp_path / "trap.ckpt")
    with pytest.raises(CheckpointError, match="code could be in it"):
        load_task(tmp_path / "trap.ckpt")
    with open(tmp_path / "plain.ckpt", "wb") as file:
        pickle.dump(Trap(), file)
    with pytest.raises(CheckpointError):
        load_task(tmp_path / "plain.ckpt")


def test_missing_damaged_and_foreign_files_are_said(tmp_path, by_command_line):
    with pytest.raises(CheckpointError, match=r"no checkpoint .*none\.ckpt"):
        load_task(tmp_path / "none.ckpt")
    (tmp_path / "half.ckpt").write_bytes(by_command_line.read_bytes()[:5000])
    (tmp_path / "text.ckpt").write_text("hello")
    torch.save({"weights": torch.zeros(1)}, tmp_path / "other.ckpt")
    for name in ("half", "text", "other"):
        with pytest.raises(CheckpointError, match=name):
            load_task(tmp_path / f"{name}.ckpt")
