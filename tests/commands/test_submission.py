"""denoise --submission dnd: what it writes, that a rerun goes on, and what it says."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from restore.commands import denoise as denoise_command
from restore.data import find_darmstadt
from restore.images import Picture, read_picture, write_picture
from restore.main import main
from restore.networks import UNet
from restore.zoo import save_network
from tests.data.darmstadt import BOXES, make_release

scipy = pytest.importorskip("scipy.io", reason="scipy, of restore[dnd], is not installed")


@pytest.fixture(scope="module")
def darker(tmp_path_factory):
    """Weights that take ten grey levels away."""
    options = {"widths": [8, 8], "blocks": [1, 1]}
    file = tmp_path_factory.mktemp("weights") / "darker.safetensors"
    network = UNet(**options)
    torch.nn.init.zeros_(network.tail.weight)
    torch.nn.init.constant_(network.tail.bias, 10 / 255)
    save_network(file, network, {"network": {"class_path": "restore.networks.UNet", "init_args": options}})
    return file


def denoise(weights, *words):
    return main(["denoise", *map(str, words), "--submission", "dnd", "--checkpoint", str(weights)])


def test_the_release_becomes_a_submission(tmp_path, darker, capsys):
    pictures = make_release(tmp_path / "dnd")
    assert denoise(darker, tmp_path / "dnd", "--output", tmp_path / "out") == 0
    said = capsys.readouterr().out
    assert f"2 of DND's pictures denoised into {tmp_path / 'out' / 'bundled'}." in said
    assert "takes 50 pictures, and this folder holds 2" in said
    for number, (picture, boxes) in enumerate(zip(pictures, BOXES, strict=True), 1):
        cells = scipy.loadmat(tmp_path / "out" / "bundled" / f"{number:04d}.mat")["Idenoised"][0]
        for crop, (cell, (top, left, bottom, right)) in enumerate(zip(cells, boxes, strict=True), 1):
            expected = (picture[top - 1 : bottom, left - 1 : right] - 10 / 255).clip(0, 1)
            np.testing.assert_allclose(cell, expected, atol=1e-6)  # floats: nothing was rounded to 8 bit
            shown = read_picture(tmp_path / "out" / f"{number:04d}_{crop:02d}.png").pixels
            assert abs(shown - expected * 255).max() <= 0.5 + 1e-3


def test_exported_crops_become_the_same(tmp_path, darker):
    pixels = np.random.default_rng(0).integers(0, 256, (8, 9, 3)).astype(np.uint8)
    for number in range(1, 21):
        write_picture(tmp_path / "crops" / f"0001_{number:02d}.png", Picture(pixels + np.uint8(number)))
    assert denoise(darker, tmp_path / "crops", "--output", tmp_path / "out") == 0
    cells = scipy.loadmat(tmp_path / "out" / "bundled" / "0001.mat")["Idenoised"][0]
    for number, cell in enumerate(cells, 1):
        given = (pixels + np.uint8(number)).astype(np.float32)
        np.testing.assert_allclose(cell, ((given - 10) / 255).clip(0, 1), atol=1e-6)


def test_a_rerun_goes_on_and_a_broken_picture_is_named(tmp_path, darker, capsys):
    make_release(tmp_path / "dnd")
    second = tmp_path / "dnd" / "images_srgb" / "0002.mat"
    kept = second.read_bytes()
    second.write_bytes(b"nothing")
    assert denoise(darker, tmp_path / "dnd", "--output", tmp_path / "out") == 1
    said = capsys.readouterr()
    assert "1 of DND's pictures denoised" in said.out
    assert "1 failed" in said.out
    second.write_bytes(kept)
    assert denoise(darker, tmp_path / "dnd", "--output", tmp_path / "out") == 0
    assert "1 skipped because their results exist" in capsys.readouterr().out
    assert denoise(darker, tmp_path / "dnd", "--output", tmp_path / "out", "--overwrite") == 0
    assert "2 of DND's pictures denoised" in capsys.readouterr().out


def test_all_fifty_are_ready_to_be_sent(tmp_path, darker, monkeypatch, capsys):
    monkeypatch.setattr("restore.data.darmstadt.PICTURES", 2)
    make_release(tmp_path / "dnd")
    assert denoise(darker, tmp_path / "dnd", "--output", tmp_path / "out") == 0
    assert "bundled are what https://noise.visinf.tu-darmstadt.de takes" in capsys.readouterr().out
    assert len(find_darmstadt(tmp_path / "dnd")) == 2


def test_wrong_words_are_told_before_anything_runs(tmp_path, darker, capsys):
    make_release(tmp_path / "dnd")
    for words, message in [
        ([tmp_path, "--output", tmp_path / "out"], "neither the sRGB release"),
        ([tmp_path / "dnd", tmp_path, "--output", tmp_path / "out"], "of one folder, and 2 are named"),
        ([tmp_path / "dnd", "--output", tmp_path / "dnd"], "Name another output folder"),
        ([tmp_path / "dnd", "--output", tmp_path / "dnd" / "info.mat"], "is a file"),
        ([tmp_path / "nothing", "--output", tmp_path / "out"], "is not a folder"),
    ]:
        assert denoise(darker, *words) == 1
        assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("words", "precision"), [((), "fp32"), (("--precision", "bf16"), "bf16")])
def test_it_computes_in_fp32_unless_told_otherwise(tmp_path, darker, monkeypatch, words, precision):
    """Where a machine is quick in bf16, "auto" is bf16."""
    made, make = [], denoise_command.make_restorer
    monkeypatch.setattr(denoise_command, "make_restorer", lambda *given: made.append(make(*given)) or made[-1])
    make_release(tmp_path / "dnd")
    assert denoise(darker, tmp_path / "dnd", "--output", tmp_path / "out", *words) == 0
    assert [restorer.precision for restorer in made] == [precision]
