"""The metrics of a training loop, in one process and in two."""

from __future__ import annotations

import socket

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from restore.errors import ConfigError
from restore.metrics import PROTOCOLS, ProtocolPSNR, ProtocolSSIM


def pictures(count):
    generator = torch.Generator().manual_seed(0)
    target = torch.rand(count, 3, 16, 16, generator=generator)
    noise = torch.linspace(0.01, 0.3, count).reshape(-1, 1, 1, 1)
    return target + noise * torch.randn(target.shape, generator=generator), target


def test_the_mean_is_over_pictures_not_over_pixels():
    target = torch.full((2, 3, 8, 8), 102 / 255)
    restored = target.clone()
    restored[0] += 51 / 255
    restored[1] += 5 / 255
    metric = ProtocolPSNR("awgn-rgb")
    metric.update(restored, target)
    expected = torch.tensor([51 / 255, 5 / 255], dtype=torch.float64).log10() * -20
    assert metric.values.tolist() == pytest.approx(expected.tolist(), abs=1e-5)
    assert metric.compute().item() == pytest.approx(expected.mean().item(), abs=1e-5)


@pytest.mark.parametrize("cls", [ProtocolPSNR, ProtocolSSIM])
def test_batches_and_sizes_do_not_matter(cls):
    restored, target = pictures(7)
    whole, split = cls("sr-y", scale=2), cls("sr-y", scale=2)
    whole.update(restored, target)
    for part in ((0, 1), (1, 5), (5, 7)):
        split.update(restored[slice(*part)], target[slice(*part)])
    assert torch.equal(whole.values, split.values)
    assert whole.compute().dtype == torch.float64
    assert whole.compute().item() == split.compute().item()
    split.update(torch.rand(1, 3, 40, 20), torch.rand(1, 3, 40, 20))
    assert len(split.values) == 8


def test_reset_forgets():
    metric = ProtocolPSNR("awgn-rgb")
    metric.update(*pictures(2))
    metric.reset()
    assert len(metric.values) == 0
    with pytest.raises(ConfigError, match="before any picture"):
        metric.compute()


def test_half_precision_of_the_model_leaves_the_values_in_double():
    model = torch.nn.ModuleList([ProtocolPSNR("awgn-rgb")])
    model[0].update(*pictures(2))
    model.to(torch.bfloat16)
    assert model[0].compute().dtype == torch.float64


def test_an_unknown_protocol_is_refused_at_once():
    with pytest.raises(ConfigError, match="real-srgb"):
        ProtocolSSIM("real-rgb")


def shown(name, count):
    """The channels that a protocol compares."""
    restored, target = pictures(count)
    if PROTOCOLS[name].channels == "raw":  # four packed planes
        return restored[:, [0, 1, 1, 2]], target[:, [0, 1, 1, 2]]
    channels = 1 if PROTOCOLS[name].channels == "gray" else 3
    return restored[:, :channels], target[:, :channels]


@pytest.mark.parametrize("count", [7, 1])
def test_two_processes_give_what_one_gives_by_every_protocol(count, tmp_path):
    expected = {}
    for name, protocol in PROTOCOLS.items():
        scores = protocol.compare(*shown(name, count), scale=2)
        expected[name] = [scores.psnr.mean().item(), scores.ssim.mean().item()]
    assert len({tuple(values) for values in expected.values()}) >= 5  # they are not all the same number
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    mp.spawn(_rank, args=(count, port, str(tmp_path)), nprocs=2)
    for rank in range(2):
        found = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        assert list(found) == list(PROTOCOLS)
        for name, values in found.items():
            assert values == pytest.approx(expected[name], abs=1e-12), name


def _rank(rank, count, port, folder):
    """Rank 0 takes the first, third, ... picture in batches of two; of one picture, rank 1 gets none."""
    dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
    torch.set_num_threads(1)
    found = {}
    for name in PROTOCOLS:
        restored, target = (part[rank::2] for part in shown(name, count))
        metrics = ProtocolPSNR(name, scale=2), ProtocolSSIM(name, scale=2)
        for metric in metrics:
            for start in range(0, len(restored), 2):
                metric.update(restored[start : start + 2], target[start : start + 2])
        found[name] = [metric.compute().item() for metric in metrics]
    torch.save(found, f"{folder}/{rank}.pt")
    dist.barrier()
    dist.destroy_process_group()
