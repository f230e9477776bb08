"""What a task promises: degradations by seed and protocol, and numbers that agree."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from restore.data import Pictures
from restore.degradation import Bicubic, CameraNoise, Chain, GaussianNoise, Jpeg, protocol_noise
from restore.errors import ConfigError, RestoreError
from restore.networks import RCAN, DnCNN, FDnCNN
from restore.tasks import Denoising, SuperResolution


def small_rcan(scale=2, channels=3):
    from restore.attention import NoAttention

    return RCAN(scale=scale, image_channels=channels, width=8, groups=1, blocks=1, attention=NoAttention)


def at(task, epoch=0, rank=0, training=True):
    """Place the task in an epoch and rank of a run."""
    machine = SimpleNamespace(root_device=torch.device("cpu"))
    task._trainer = SimpleNamespace(
        training=training, predicting=False, current_epoch=epoch, global_rank=rank, datamodule=None, barebones=False,
        strategy=machine,
    )  # fmt: skip
    return task


def batch_of(pixels, first=0):
    return {"target": pixels, "name": ["a"] * len(pixels), "index": torch.arange(first, first + len(pixels))}


@pytest.fixture
def pixels():
    return torch.randint(0, 256, (2, 3, 24, 24), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_training_noise_is_a_function_of_seed_epoch_and_patch(pixels):
    def noise(seed=0, epoch=3, first=0):
        task = at(Denoising(DnCNN(width=8, depth=3), GaussianNoise(25), seed=seed), epoch)
        out = task.on_after_batch_transfer(batch_of(pixels, first), 0)
        return out["degraded"] - out["target"]

    torch.manual_seed(1)
    first = noise()
    torch.manual_seed(2)
    assert torch.equal(first, noise())
    assert abs(first.std().item() * 255 - 25) < 1.5
    others = [noise(seed=1), noise(epoch=4), noise(first=2)]
    assert all(not torch.equal(first, other) for other in others)
    assert abs(torch.corrcoef(torch.stack([n.flatten() for n in [first, *others]])) - torch.eye(4)).max() < 0.1


def test_two_ranks_make_of_a_batch_what_one_process_makes(pixels):
    task = Denoising(DnCNN(width=8, depth=3), Chain([GaussianNoise((0, 55)), Jpeg((30, 90))]))
    batch = batch_of(torch.cat([pixels, pixels.flip(3)]), 8)
    together = at(task).on_after_batch_transfer(batch, 0)["degraded"]
    for rank in (0, 1):
        own = {key: value[rank::2] for key, value in batch.items()}
        assert torch.equal(at(task, rank=rank).on_after_batch_transfer(own, 0)["degraded"], together[rank::2])


def test_the_picture_of_a_batch_is_left_alone_and_becomes_float(pixels):
    before = pixels.clone()
    out = at(Denoising(DnCNN(width=8, depth=3)), 0).on_after_batch_transfer(batch_of(pixels), 0)
    assert torch.equal(pixels, before)
    assert torch.equal(out["target"], pixels.float() / 255)


def test_the_margin_is_cut_from_both(pixels):
    task = at(SuperResolution(small_rcan()), 0)
    out = task.on_after_batch_transfer(batch_of(pixels), 0)
    assert torch.equal(out["target"], pixels[..., 4:20, 4:20].float() / 255)
    whole = Bicubic(2)(pixels.float() / 255, torch.Generator())
    assert torch.equal(out["degraded"], whole[..., 2:10, 2:10])


def test_awgn_validation_has_the_protocols_noise(pixels):
    task = at(Denoising(DnCNN(width=8, depth=3), GaussianNoise((0, 55)), sigma=50), 0, training=False)
    out = task.on_after_batch_transfer(batch_of(pixels), 0)
    assert torch.equal(out["degraded"], protocol_noise(pixels.float() / 255, 50))


def test_other_validation_is_drawn_by_the_pictures_index(pixels):
    def degraded(batch, rank):
        task = at(Denoising(DnCNN(width=8, depth=3), GaussianNoise(25), "real-srgb"), batch, rank, training=False)
        return task.on_after_batch_transfer(batch_of(pixels), 0)["degraded"]

    assert torch.equal(degraded(0, 0), degraded(7, 1))
    task = at(Denoising(DnCNN(width=8, depth=3), GaussianNoise(25), "real-srgb"), 0, training=False)
    second = task.on_after_batch_transfer(batch_of(pixels[1:]) | {"index": torch.tensor([1])}, 0)["degraded"]
    assert torch.equal(second[0], degraded(0, 0)[1])


def test_paired_pictures_are_taken_as_they_are(pixels):
    task = at(Denoising(DnCNN(width=8, depth=3)), 0, training=False)
    out = task.on_after_batch_transfer(batch_of(pixels) | {"degraded": pixels.flip(0)}, 0)
    assert torch.equal(out["degraded"], pixels.flip(0).float() / 255)


def test_scales_that_disagree_are_an_error_that_says_where():
    with pytest.raises(ConfigError, match="network restores x4 but the degradation shrinks x2"):
        SuperResolution(small_rcan(4), Bicubic(2))
    with pytest.raises(ConfigError, match="Denoising keeps the size"):
        Denoising(small_rcan(2), Bicubic(2))
    with pytest.raises(ConfigError, match=r"scale=2 but the data has scale=4.*data\.init_args\.scale"):
        SuperResolution(small_rcan(2)).check(Pictures(scale=4))


def test_channels_that_disagree_are_an_error_that_says_where():
    with pytest.raises(ConfigError, match=r"image_channels=1 but the data has image_channels=3"):
        Denoising(DnCNN(image_channels=1, width=8, depth=3)).check(Pictures())
    Denoising(DnCNN(image_channels=1, width=8, depth=3)).check(Pictures(image_channels=1))
    Denoising(DnCNN(width=8, depth=3)).check(None)


def test_an_unknown_protocol_is_said_before_the_run():
    with pytest.raises(RestoreError, match="awgn-rbg"):
        Denoising(DnCNN(width=8, depth=3), protocol="awgn-rbg")


@pytest.mark.parametrize(("output", "channels"), [("plane", 1), ("packed", 4)])
def test_raw_planes_are_compared_with_raw_planes(pixels, output, channels):
    network = DnCNN(image_channels=channels, width=8, depth=3)
    task = Denoising(network, CameraNoise(output=output), protocol="real-raw")
    for training in (True, False):
        batch = at(task, training=training).on_after_batch_transfer(batch_of(pixels), 0)
        assert batch["degraded"].shape == batch["target"].shape == task(batch["degraded"]).shape
        assert batch["target"].shape[1] == channels
        assert 0 < (batch["degraded"] - batch["target"]).std() < 0.2


def test_raw_degradation_network_data_and_protocol_have_to_fit():
    raw = CameraNoise(output="plane")
    for degradation, protocol in ((raw, "real-srgb"), (GaussianNoise(9), "real-raw")):
        with pytest.raises(ConfigError, match="real-raw"):
            Denoising(DnCNN(image_channels=1, width=8, depth=3), degradation, protocol=protocol)
    for mine, theirs in ((3, 3), (1, 1)):
        task = Denoising(DnCNN(image_channels=mine, width=8, depth=3), raw, protocol="real-raw")
        with pytest.raises(ConfigError, match=f"they are {mine} and {theirs}"):
            task.check(Pictures(image_channels=theirs))
    Denoising(DnCNN(image_channels=1, width=8, depth=3), raw, protocol="real-raw").check(Pictures())


class Told(FDnCNN):
    """Gives back the level that it is told, as a picture."""

    def forward(self, degraded, sigma):
        return sigma.reshape(-1, 1, 1, 1).expand_as(degraded) + 0 * degraded


def test_a_network_that_takes_the_noise_level_is_told_what_was_drawn(pixels):
    task = at(Denoising(Told(width=4, depth=2), GaussianNoise((5, 75))), 1)
    batch = task.on_after_batch_transfer(batch_of(pixels.repeat(2, 1, 4, 4)), 0)
    noise = (batch["degraded"] - batch["target"]).std((1, 2, 3))
    torch.testing.assert_close(batch["sigma"], noise, rtol=0.05, atol=0)
    assert len(set(batch["sigma"].tolist())) == 4
    told = task(batch["degraded"], batch["sigma"])
    assert torch.equal(told[:, 0, 0, 0], batch["sigma"])
    level = task(batch["degraded"])  # of the protocol, as in validation
    torch.testing.assert_close(level, torch.full_like(level, 25 / 255))


def test_a_blind_network_is_told_nothing(pixels):
    assert "sigma" not in at(Denoising(DnCNN(width=4, depth=3)), 1).on_after_batch_transfer(batch_of(pixels), 0)


@pytest.mark.parametrize(
    ("degradation", "protocol"),
    [(Chain([GaussianNoise(25), Jpeg()]), "awgn-rgb"), (GaussianNoise(25, True), "awgn-rgb"), (None, "real-srgb")],
)
def test_noise_without_a_known_level_is_refused_for_such_a_network(degradation, protocol):
    with pytest.raises(ConfigError, match="must be told the noise level"):
        Denoising(FDnCNN(width=4, depth=3), degradation, protocol)
