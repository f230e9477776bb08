"""benchmarks/camera_parts.py: what the recipes differ in, and the same command goes on where it was stopped."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from restore.data import SamplePictures
from restore.images import Picture, write_picture


@pytest.fixture
def parts(monkeypatch):
    """The script, as a module."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "benchmarks"))
    import camera_parts

    return camera_parts


@pytest.fixture
def folders(tmp_path):
    """A folder of pairs and one of clean pictures."""
    photographs = SamplePictures()
    for folder, names in {
        "pairs": ("a_mean.png", "a_real.png", "b_mean.png", "b_real.png"),
        "clean": ("c.png",),
    }.items():
        (tmp_path / folder).mkdir()
        for number, name in enumerate(names):
            write_picture(tmp_path / folder / name, Picture(photographs[number // 2][number : number + 72, :72].copy()))
    return tmp_path


def test_each_part_changes_the_noise(parts):
    clean = torch.full((16, 3, 32, 32), 0.5)
    noisy = {part: parts.recipe(part).degrade_each(clean, range(16)) for part in parts.PARTS if part != "none"}
    names = list(noisy)
    assert all(not torch.equal(noisy[one], noisy[other]) for one, other in pairwise(names))
    assert all(torch.equal((picture * 255).round() / 255, picture) for picture in noisy.values())


def test_without_mosaic_and_color_the_noise_is_white_and_uncorrelated(parts):
    camera = parts.PartialCamera(mosaic=False, color=False, reduction=False)
    noise = (camera.degrade_each(torch.full((1, 3, 128, 128), 0.5), [1]) - 0.5)[0]
    assert torch.corrcoef(noise.flatten(1))[0, 1].abs() < 0.03
    assert torch.corrcoef(torch.stack([noise[:, :, 1:].flatten(), noise[:, :, :-1].flatten()]))[0, 1].abs() < 0.03


def test_the_same_command_goes_on(parts, folders, monkeypatch, capsys):
    words = (
        f"--data {folders}/pairs --root {folders}/clean --steps 1 --batch 1 --size 32 --crop 64 --output {folders}/o"
    )
    monkeypatch.setattr(sys, "argv", ["camera_parts.py", *words.split(), "--parts", "none", "gaussian"])
    parts.main()
    assert capsys.readouterr().out.count(" dB, ") == 2
    parts.main()
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(sys, "argv", ["camera_parts.py", *words.split(), "--markdown"])
    parts.main()
    assert "2 pairs; 1 steps" in capsys.readouterr().out
