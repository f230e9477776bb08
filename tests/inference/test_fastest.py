"""The quickest setting of each network, as it was measured and written."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from restore.inference import Restorer, fastest
from restore.inference.fastest import Setting, device_kind, fastest_precision, fastest_setting, rule, write_fastest
from restore.networks import DnCNN
from restore.tasks import Denoising

CPU = torch.device("cpu")


@pytest.fixture
def measured(tmp_path, monkeypatch):
    """What is written goes to a file of the test's and is read from there."""
    file = tmp_path / "fastest.json"
    monkeypatch.setattr(fastest, "_FILE", file)
    fastest._measured.cache_clear()
    yield lambda *found: write_fastest(found, file)
    fastest._measured.cache_clear()


def test_what_was_written_is_read_and_the_rest_follows_the_rule(measured):
    kind = device_kind(CPU)
    measured((kind, "RCAN", "step", Setting("fp32", False)), ("cuda 9.0", "RCAN", "step", Setting("bf16", True)))
    measured((kind, "SAN", "forward", Setting("bf16", False)))  # adds to the file
    assert fastest_setting("RCAN", CPU, "step") == ("fp32", False)
    assert fastest_setting("SAN", CPU, "forward") == ("bf16", False)
    assert fastest_setting("RCAN", CPU, "forward") == rule(kind)


def test_bfloat16_is_the_rule_where_the_device_computes_in_it():
    kinds = {"cpu": "fp32", "cpu with bf16": "bf16", "cuda 7.5": "fp32", "cuda 8.0": "bf16", "cuda 12.0": "bf16"}
    assert {kind: rule(kind).precision for kind in kinds} == kinds
    assert all(rule(kind).channels_last for kind in kinds)


def test_a_restorer_and_a_run_take_what_was_measured(measured):
    network = DnCNN(width=4, depth=3)
    measured((device_kind(CPU), "DnCNN", "forward", Setting("bf16", False)))
    measured((device_kind(CPU), "DnCNN", "step", Setting("bf16", False)))
    restorer = Restorer(network, device="cpu")
    assert restorer.precision == "bf16"
    assert Restorer(network, device="cpu", precision="fp32").precision == "fp32"
    assert restorer.network.layers[0].conv.weight.is_contiguous()
    assert fastest_precision("cpu", "DnCNN") == "bf16-mixed"
    measured((device_kind(CPU), "DnCNN", "forward", Setting("fp32", True)))
    weight = Restorer(network, device="cpu").network.layers[0].conv.weight
    assert weight.is_contiguous(memory_format=torch.channels_last)
    assert not weight.is_contiguous()


def test_a_run_keeps_to_the_layout_that_was_measured_unless_it_is_told(measured):
    measured((device_kind(CPU), "DnCNN", "step", Setting("fp32", False)))
    trainer = SimpleNamespace(datamodule=None, strategy=SimpleNamespace(root_device=CPU))
    for told, expected in ((None, torch.contiguous_format), (True, torch.channels_last)):
        task = Denoising(DnCNN(width=4, depth=3), channels_last=told)
        task._trainer = trainer
        task.setup("fit")
        assert task.layout == expected
        assert task.network.layers[0].conv.weight.is_contiguous(memory_format=expected)
