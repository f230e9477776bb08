"""demo shows what was gained, or says that there is nothing to show."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from restore.data import SamplePictures
from restore.images import read_pixels
from restore.main import main
from restore.networks import UNet
from restore.zoo import MODELS, save_network


def test_without_weights_it_fails_before_any_work(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("restore.zoo.catalogue.MODELS", {})
    assert main(["demo", "--output", str(tmp_path / "demo")]) == 1
    assert "There is no model 'photo'" in capsys.readouterr().err
    assert not (tmp_path / "demo").exists()


def test_it_prints_the_psnr_of_the_files_that_it_wrote(tmp_path, monkeypatch, capsys):
    options = {"widths": [8], "blocks": [1]}
    network = UNet(**options)
    torch.nn.init.zeros_(network.tail.weight)
    torch.nn.init.zeros_(network.tail.bias)  # gives back what it gets
    spec = {"class_path": "restore.networks.UNet", "init_args": options}
    save_network(tmp_path / "same.safetensors", network, {"network": spec})
    monkeypatch.setitem(MODELS, "photo", tmp_path / "same.safetensors")
    assert main(["demo", "--output", str(tmp_path / "demo"), "--split", "validation"]) == 0
    said = capsys.readouterr().out
    pictures = SamplePictures(split="validation")
    for index, name in enumerate(pictures.names):
        written = read_pixels(tmp_path / "demo/noisy" / f"{name.rsplit('.', 1)[0]}.png", 3)
        error = written.astype(float) - pictures[index]
        assert 20 < error.std() < 25.5
        expected = 10 * np.log10(255**2 / np.mean(error**2))
        before, after = re.search(rf"^{name.rsplit('.', 1)[0]}\.png +(\S+) +(\S+)", said, re.M).groups()
        assert float(before) == float(after) == pytest.approx(expected, abs=0.006)
    assert read_pixels(tmp_path / "demo/before_after.png", 3).shape == (768, 768, 3)
