"""denoise from a shell: what it writes, what it says, and its exit status."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from restore.images import Picture, read_picture, write_picture
from restore.main import main
from restore.networks import Restormer, UNet
from restore.zoo import MODELS, save_network

OPTIONS = {"widths": [8, 8], "blocks": [1, 1]}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("weights") / "small.safetensors"
    network = UNet(**OPTIONS)
    torch.nn.init.zeros_(network.tail.weight)
    torch.nn.init.constant_(network.tail.bias, 10 / 255)  # takes ten grey levels away
    save_network(file, network, {"network": {"class_path": "restore.networks.UNet", "init_args": OPTIONS}})
    return file


@pytest.fixture
def photos(tmp_path):
    for name in ("a.png", "sub/b.png", "sub/B.png"):
        write_picture(tmp_path / "photos" / name, Picture(np.full((9, 12, 3), 100, np.uint8)))
    return tmp_path / "photos"


def run(*words):
    return main(["denoise", *map(str, words)])


def test_a_folder_is_denoised_and_a_rerun_skips_it(photos, tmp_path, weights, capsys):
    assert run(photos, "--output", tmp_path / "out", "--checkpoint", weights) == 0
    assert "3 restored into" in capsys.readouterr().out
    assert (read_picture(tmp_path / "out/sub/B.png").pixels == 90).all()
    assert run(photos, "--output", tmp_path / "out", "--checkpoint", weights) == 0
    assert "0 restored" in (said := capsys.readouterr().out)
    assert "3 skipped because their results exist (--overwrite" in said
    assert run(photos, "--output", tmp_path / "out", "--checkpoint", weights, "--overwrite") == 0
    assert "3 restored" in capsys.readouterr().out


def test_local_pooling_is_passed_on(tmp_path, capsys):
    options = {"widths": [8, 16], "blocks": [1, 1]}
    torch.manual_seed(0)
    network = UNet(**options)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    file = tmp_path / "pooling.safetensors"
    card = {"network": {"class_path": "restore.networks.UNet", "init_args": options}, "patch_size": 16}
    save_network(file, network, card)
    write_picture(tmp_path / "in.png", Picture(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)))
    results = {}
    for mode in ("off", "auto", "on"):
        out = tmp_path / mode
        assert run(tmp_path / "in.png", "--output", out, "--checkpoint", file, "--local-pooling", mode) == 0
        results[mode] = read_picture(out / "in.png").pixels
    assert (results["auto"] == results["off"]).all()  # one tile holds it
    assert (results["on"] != results["off"]).any()


def test_a_model_for_two_views_is_refused_once_before_any_picture(photos, tmp_path, capsys):
    options = {"width": 4, "blocks": [1, 1], "heads": [1, 1], "dual_pixel": True}
    file = tmp_path / "dual.safetensors"
    card = {"network": {"class_path": "restore.networks.Restormer", "init_args": options}}
    save_network(file, Restormer(**options), card)
    assert run(photos, "--output", tmp_path / "out", "--checkpoint", file) != 0
    said = "".join(capsys.readouterr())
    assert said.count("takes 6 channels") == 1
    assert "ShapeError" not in said
    assert not (tmp_path / "out").exists()


def test_a_model_may_be_named(photos, tmp_path, weights, monkeypatch):
    monkeypatch.setitem(MODELS, "photo", weights)
    assert run(photos / "a.png", "--output", tmp_path / "out") == 0
    assert (read_picture(tmp_path / "out/a.png").pixels == 90).all()


def test_one_broken_file_is_named_and_the_status_is_one(photos, tmp_path, weights, capsys):
    (photos / "b.png").write_bytes(b"text")
    assert run(photos, "--output", tmp_path / "out", "--checkpoint", weights) == 1
    said = capsys.readouterr()
    assert f"{photos / 'b.png'} is not a picture" in said.err
    assert "3 restored" in said.out
    assert "1 failed" in said.out


def test_subfolders_can_be_left_out(photos, tmp_path, weights):
    assert run(photos, "--output", tmp_path / "out", "--checkpoint", weights, "--no-recursive") == 0
    assert os.listdir(tmp_path / "out") == ["a.png"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--sigma", "25"], "is blind: it finds the noise level itself. Leave --sigma out."),
        (["--tile", "3"], "Choose 16 or more"),
        (["--device", "mps"], "has no mps device"),
    ],
)
def test_options_that_do_not_go_are_explained(words, message, photos, tmp_path, weights, capsys):
    assert run(photos, "--output", tmp_path / "out", "--checkpoint", weights, *words) == 1
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1


def test_an_empty_folder_and_a_folder_onto_itself_are_errors(photos, tmp_path, weights, capsys):
    (tmp_path / "empty").mkdir()
    assert run(tmp_path / "empty", "--output", tmp_path / "out", "--checkpoint", weights) == 1
    assert "There are no pictures in" in capsys.readouterr().err
    assert run(photos, "--output", photos, "--checkpoint", weights) == 1
    assert "Name another output folder" in capsys.readouterr().err


def test_an_enlarging_network_is_no_denoiser(photos, tmp_path, capsys):
    spec = {"class_path": "restore.networks.RCAN", "init_args": {"scale": 2, "width": 16, "groups": 1, "blocks": 1}}
    from restore.zoo import build

    save_network(tmp_path / "x2.safetensors", build(spec), {"network": spec})
    assert run(photos, "--output", tmp_path / "out", "--checkpoint", tmp_path / "x2.safetensors") == 1
    error = capsys.readouterr().err
    assert "enlarges x2" in error
    assert "restore upscale --scale 2 --checkpoint" in error


def test_a_misspelt_option_is_put_right_in_one_line(capsys):
    with pytest.raises(SystemExit) as end:
        run("a", "--otput", "b")
    assert end.value.code == 2
    assert capsys.readouterr().err == (
        "restore denoise: error: there is no option --otput (did you mean --output?). See restore denoise --help.\n"
    )


def test_ctrl_c_leaves_whole_files_and_a_rerun_finishes(tmp_path, weights):
    folder, output = tmp_path / "many", tmp_path / "out"
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
    for index in range(60):
        write_picture(folder / f"{index:02}.png", Picture(noise))
    door = "import sys; from restore.main import main; sys.exit(main())"
    options = ["--output", output, "--checkpoint", weights, "--tile", 64, "--self-ensemble"]
    command = [sys.executable, "-c", door, "denoise", *map(str, [folder, *options])]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore Ctrl-C
    )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not list(output.glob("*.png")):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    done = sorted(output.iterdir())
    assert 0 < len(done) < 60
    assert {path.suffix for path in done} == {".png"}
    for path in done:
        assert read_picture(path).pixels.shape == (300, 400, 3)
    assert f"Stopped: {len(done)} of 60 are done. The same command goes on from there." in error
    assert "Traceback" not in error
