"""Distillation: whose mean the target is, that teachers stay as they are, and that nothing of them is kept."""

from __future__ import annotations

import pytest
import torch
from pytorch_lightning import Trainer

from restore.data import Pictures
from restore.degradation import GaussianNoise
from restore.errors import CheckpointError, ConfigError
from restore.networks import DnCNN, FDnCNN
from restore.tasks import Denoising, Distillation, load_task
from restore.zoo import save_network
from tests.data.pictures import make_pictures
from tests.parity.rules import fill
from tests.tasks.test_restoration import at, batch_of


def saved(folder, name, cls=DnCNN, **options):
    """The file of a small network with weights of its own."""
    options = {"width": 4, "depth": 3} | options
    network = fill(cls(**options))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(1 + len(name) / 8)
    card = {"network": {"class_path": f"restore.networks.{cls.__name__}", "init_args": options}}
    save_network(folder / name, network, card)
    return str(folder / name), network.eval()


@pytest.fixture
def teachers(tmp_path):
    return [saved(tmp_path, "a.safetensors"), saved(tmp_path, "another.safetensors", width=6)]


@pytest.fixture
def pictures(tmp_path):
    return str(make_pictures(tmp_path / "pictures")[0].parent)


def task_of(teachers, **options):
    return Distillation(DnCNN(width=4, depth=3), [path for path, _ in teachers], GaussianNoise(25), **options)


def trained(task, pictures, folder):
    data = Pictures(root=pictures, validation={"a": pictures}, patch_size=8, patches_per_epoch=32, workers=0)
    options = {"accelerator": "cpu", "logger": False, "enable_progress_bar": False, "default_root_dir": folder}
    trainer = Trainer(max_epochs=1, num_sanity_val_steps=1, **options)
    trainer.fit(task, data)
    return trainer


def test_the_target_of_training_is_the_clipped_mean_of_the_teachers(teachers):
    task = at(task_of(teachers), 3)
    task.setup("fit")
    pixels = torch.randint(0, 256, (2, 3, 16, 12), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))

    batch = task.on_after_batch_transfer(batch_of(pixels), 0)

    plain = at(Denoising(DnCNN(width=4, depth=3), GaussianNoise(25)), 3).on_after_batch_transfer(batch_of(pixels), 0)
    assert torch.equal(batch["degraded"], plain["degraded"])
    with torch.no_grad():
        one, other = (network(batch["degraded"]) for _, network in teachers)
    assert (one - other).abs().max() > 0.01
    torch.testing.assert_close(batch["target"], ((one + other) / 2).clamp(0, 1))
    assert not batch["target"].requires_grad


def test_the_target_may_be_one_teachers_by_the_patchs_number(teachers):
    task = at(task_of(teachers, target="each"), 3)
    task.setup("fit")
    pixels = torch.randint(0, 256, (3, 3, 16, 12), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))

    batch = task.on_after_batch_transfer({**batch_of(pixels), "index": torch.tensor([4, 7, 1])}, 0)

    with torch.no_grad():
        one, other = (network(batch["degraded"]).clamp(0, 1) for _, network in teachers)
    torch.testing.assert_close(batch["target"], torch.stack([one[0], other[1], other[2]]))
    assert (one - other).abs().max() > 0.01
    with pytest.raises(ConfigError, match="target='all'"):
        task_of(teachers, target="all")


def test_teachers_that_take_the_noise_level_are_told_it(tmp_path, monkeypatch):
    path, teacher = saved(tmp_path, "told.safetensors", FDnCNN)
    task = at(Distillation(FDnCNN(width=4, depth=3), [path], GaussianNoise((5, 50))), 1)
    task.setup("fit")
    pixels = torch.randint(0, 256, (2, 3, 16, 12), dtype=torch.uint8)
    batch = task.on_after_batch_transfer(batch_of(pixels), 0)
    with torch.no_grad():
        torch.testing.assert_close(batch["target"], teacher(batch["degraded"], batch["sigma"]).clamp(0, 1))


def test_validation_compares_with_the_clean_picture(teachers):
    task = at(task_of(teachers), 3, training=False)
    task.setup("fit")
    pixels = torch.randint(0, 256, (1, 3, 16, 12), dtype=torch.uint8)
    assert torch.equal(task.on_after_batch_transfer(batch_of(pixels), 0)["target"], pixels / 255)


def test_a_run_trains_the_network_alone_and_keeps_nothing_of_the_teachers(teachers, pictures, tmp_path):
    task = task_of(teachers, seed=1)
    before = {name: tensor.clone() for name, tensor in task.state_dict().items()}

    trainer = trained(task, pictures, tmp_path)

    assert all(name.startswith("network.") for name in task.state_dict())
    assert any(not torch.equal(before[name], tensor) for name, tensor in task.state_dict().items())
    assert task.opened == []
    trainer.save_checkpoint(tmp_path / "task.ckpt")
    for path, _ in teachers:
        (tmp_path / path).unlink()
    again = load_task(tmp_path / "task.ckpt", kind=Distillation, network=DnCNN(width=4, depth=3))
    assert again.teachers == [path for path, _ in teachers]
    assert all(torch.equal(tensor, again.state_dict()[name]) for name, tensor in task.state_dict().items())


def test_teachers_do_not_move(teachers, pictures, tmp_path, monkeypatch):
    seen = []
    opened = Distillation._open
    monkeypatch.setattr(Distillation, "_open", lambda task, name: seen.append(opened(task, name)) or seen[-1])
    trained(task_of(teachers), pictures, tmp_path)
    for teacher, (_, network) in zip(seen, teachers, strict=True):
        assert not teacher.training
        assert all(parameter.grad is None for parameter in teacher.parameters())
        assert all(torch.equal(tensor, network.state_dict()[name]) for name, tensor in teacher.state_dict().items())


def test_the_network_as_its_own_teacher_has_nothing_to_learn(teachers):
    task = task_of(teachers[:1])
    task.network.load_state_dict(teachers[0][1].state_dict())
    at(task, 1).setup("fit")
    gray = torch.full((1, 3, 8, 8), 0.5)
    restored = task(gray)
    assert restored.detach().clamp(0, 1).equal(task.taught(gray)[0].clamp(0, 1))


def test_what_cannot_teach_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no teachers"):
        task_of([])
    with pytest.raises(CheckpointError, match=r"no weights file missing\.safetensors"):
        at(task_of([("missing.safetensors", None)]), 0).setup("fit")
    gray = saved(tmp_path, "gray.safetensors", image_channels=1)
    with pytest.raises(ConfigError, match=r"image_channels=3 but the teacher .*gray\.safetensors has image_channels=1"):
        at(task_of([gray]), 0).setup("fit")
    asks = saved(tmp_path, "asks.safetensors", FDnCNN)
    with pytest.raises(ConfigError, match="takes_sigma=True"):
        at(task_of([asks]), 0).setup("fit")


def test_teachers_are_not_needed_to_test(teachers):
    task = at(task_of([("missing.safetensors", None)]), 0, training=False)
    task.setup("test")
    assert task.opened == []
