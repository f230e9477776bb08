"""evaluate: what it measures, prints and writes, and what it refuses."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import numpy as np
import pytest
import torch

from restore.commands.evaluate import Restoring, main
from restore.commands.evaluate_options import ALSO, ENLARGING, PROTOCOL_NAMES
from restore.commands.pairs import Selection
from restore.errors import DataError, RestoreError
from restore.images import Picture, read_pixels, write_picture
from restore.metrics import PROTOCOLS, Perceptual
from restore.networks import PAN, DnCNN
from restore.zoo import save_network
from restore.zoo.convert import to_official


def write(file, pixels):
    file.parent.mkdir(parents=True, exist_ok=True)
    write_picture(file, Picture(pixels))


def photo(height=32, width=40, channels=3, seed=0):
    steps = np.random.default_rng(seed).normal(0, 6, (height, width, channels))
    return (128 + np.cumsum(steps, axis=1)).clip(0, 255).astype(np.uint8)


@pytest.fixture
def photos(tmp_path):
    for number in range(3):
        write(tmp_path / "photos" / f"{'abc'[number]}.png", photo(width=40 + number, seed=number))
    return tmp_path / "photos"


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A denoiser that gives back what it gets."""
    file = tmp_path_factory.mktemp("weights") / "nothing.safetensors"
    options = {"image_channels": 3, "width": 4, "depth": 2}
    network = DnCNN(**options)
    for parameter in network.parameters():
        torch.nn.init.zeros_(parameter)
    save_network(file, network, {"network": {"class_path": "restore.networks.DnCNN", "init_args": options}})
    return file


def run(tmp_path, *words):
    """Run the command and return what it wrote as JSON."""
    assert main([*map(str, words), "--json", str(tmp_path / "out.json")]) == 0
    return json.loads((tmp_path / "out.json").read_text())


def test_the_names_in_the_help_are_the_protocols():
    assert (*PROTOCOL_NAMES, "real-raw") == tuple(PROTOCOLS)  # raw planes are in no file that is read here
    assert set(ALSO) == {"niqe", "lpips", "dists"}


def test_help_loads_no_torch():
    code = "import sys\nfrom restore.commands.evaluate import main\ntry: main(['-h'])\n"
    code += "finally: assert 'torch' not in sys.modules"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    assert "--self-ensemble" in told.stdout


def test_the_noisy_picture_scores_as_its_sigma_says(tmp_path, photos, capsys):
    found = run(tmp_path, "--method", "noisy", "--data", photos, "--protocol", "awgn-rgb", "--sigma", 10)
    assert [picture["name"] for picture in found["pictures"]] == ["a", "b", "c"]
    assert found["mean"]["psnr"] == pytest.approx(20 * math.log10(255 / 10), abs=0.2)
    assert found["mean"]["psnr"] == pytest.approx(np.mean([p["psnr"] for p in found["pictures"]]), abs=1e-12)
    assert (found["protocol"], found["sigma"], found["model"]) == ("awgn-rgb", 10, "noisy")
    assert {"restore", "torch", "numpy"} <= set(found["versions"])
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("protocol awgn-rgb | model noisy")
    assert printed[5].startswith("mean of 3 (awgn-rgb)")
    assert f"{found['mean']['psnr']:.4f}" in printed[5]
    low, high = found["interval"]["psnr"]["low"], found["interval"]["psnr"]["high"]
    assert low < found["mean"]["psnr"] < high
    assert printed[6].split() == ["95%", "interval,", "low", f"{low:.4f}", *printed[6].split()[4:]]
    assert printed[8] == "(percentile bootstrap over pictures, 10000 resamples, seed 0)"


def test_a_network_is_fed_the_unclipped_picture(tmp_path, photos, weights):
    words = ("--data", photos, "--protocol", "awgn-rgb", "--sigma", 50)
    network = run(tmp_path, "--checkpoint", weights, *words, "--device", "cpu")
    noisy = run(tmp_path, "--method", "noisy", *words)
    assert [p["psnr"] for p in network["pictures"]] == pytest.approx([p["psnr"] for p in noisy["pictures"]], abs=1e-3)
    assert [p["input_psnr"] for p in network["pictures"]] == [p["psnr"] for p in noisy["pictures"]]
    assert (network["precision"], network["self_ensemble"]) == ("fp32", False)


def test_local_pooling_is_measured_where_it_is_asked_for(tmp_path):
    write(tmp_path / "photos/a.png", photo(height=120, width=130))
    words = ("gaussian", "--data", tmp_path / "photos", "--protocol", "awgn-rgb", "--sigma", 25)
    found = {name: run(tmp_path, *words, "--local-pooling", name) for name in ("auto", "off", "on")}
    assert found["auto"]["mean"] == found["off"]["mean"]  # one tile
    assert found["on"]["mean"]["psnr"] != found["off"]["mean"]["psnr"]
    assert found["on"]["mean"]["psnr"] == pytest.approx(found["off"]["mean"]["psnr"], abs=0.5)
    assert found["on"]["local_pooling"] == "on"


def test_a_perfect_score_is_null_in_json(tmp_path, photos, capsys):
    found = run(tmp_path, "--method", "noisy", "--data", photos, "--protocol", "awgn-rgb", "--sigma", 0)
    assert found["mean"] == {"psnr": None, "ssim": 1.0, "input_psnr": None}
    said = capsys.readouterr().out
    assert "inf" in said
    assert found["interval"] == {"psnr": None, "ssim": {**found["interval"]["ssim"], "low": 1.0}, "input_psnr": None}
    (low,) = (line for line in said.splitlines() if line.startswith("95% interval, low"))
    assert low.split()[3:] == ["-", "1.0000", "-"]
    assert "- no interval: 3 of 3 pictures equal their targets, at infinite dB" in said
    assert "nan" not in said


def test_two_perfect_scores_have_no_difference(tmp_path, photos, weights, capsys):
    options = ("--data", photos, "--protocol", "awgn-rgb", "--sigma", 0)
    found = run(tmp_path, weights, "noisy", *options)
    assert found["difference"]["psnr"] == {"mean": None, "interval": None}
    assert found["difference"]["ssim"]["mean"] == 0
    said = capsys.readouterr().out
    assert "nan" not in said
    (mean,) = (line for line in said.splitlines() if line.startswith("mean of 3"))
    assert mean.split()[-6:] == ["inf", "inf", "-", "1.0000", "1.0000", "+0.0000"]


def test_clip_rounds_the_noisy_picture_and_is_written_down(tmp_path, photos, monkeypatch):
    seen = []
    keep = Restoring(lambda x: (seen.append(x), x)[1], 1, 3)
    monkeypatch.setattr("restore.commands.evaluate._ready", lambda *_: keep)
    words = ("--method", "noisy", "--data", photos, "--protocol", "awgn-rgb", "--sigma", 90)
    assert run(tmp_path, *words)["clip"] is False
    assert min(x.min() for x in seen) < 0
    seen.clear()
    assert run(tmp_path, *words, "--clip")["clip"] is True
    assert all(torch.equal((x * 255).round().clamp(0, 255) / 255, x) for x in seen)


def test_chosen_pictures_only(tmp_path, photos):
    ids = tmp_path / "ids.txt"
    ids.write_text("# the two\nc.png test002.png\na\n")
    words = ("--method", "noisy", "--data", photos, "--protocol", "awgn-rgb", "--sigma", 10)
    assert [p["name"] for p in run(tmp_path, *words, "--ids", ids)["pictures"]] == ["a", "c"]
    assert [p["name"] for p in run(tmp_path, *words, "--ids", ids, "--limit", 1)["pictures"]] == ["a"]
    ids.write_text("a.png\nz.png\n")
    with pytest.raises(DataError, match=r"z\.png"):
        run(tmp_path, *words, "--ids", ids)


def test_kodak24_is_the_middle(tmp_path):
    for name, (height, width), rows, columns in (
        ("wide", (512, 768), slice(6, 506), slice(134, 634)),
        ("tall", (768, 512), slice(134, 634), slice(6, 506)),
    ):
        pixels = photo(height, width)
        write(tmp_path / f"{name}.png", pixels)
        found = Selection(crop="kodak24").read(tmp_path / f"{name}.png")
        np.testing.assert_array_equal((found[0] * 255).round().permute(1, 2, 0), pixels[rows, columns])


def test_real_pairs_by_name_and_by_folder(tmp_path):
    for name in ("x", "y"):
        clean = photo(seed=ord(name))
        noisy = clean ^ 8
        write(tmp_path / "names" / f"{name}_mean.png", clean)
        write(tmp_path / "names" / f"{name}_real.png", noisy)
        write(tmp_path / "folders" / "clean" / f"{name}.png", clean)
        write(tmp_path / "folders" / "noisy" / f"{name}.png", noisy)
    words = ("--method", "noisy", "--protocol", "real-srgb", "--data")
    by_name, by_folder = run(tmp_path, *words, tmp_path / "names"), run(tmp_path, *words, tmp_path / "folders")
    assert by_name["pictures"] == by_folder["pictures"]
    assert by_name["mean"]["psnr"] == pytest.approx(20 * math.log10(255 / 8), abs=1e-5)
    (tmp_path / "names" / "y_mean.png").unlink()
    with pytest.raises(DataError, match="no clean partner"):
        run(tmp_path, *words, tmp_path / "names")


@pytest.mark.parametrize("scale", [2, 3])
def test_ready_small_pictures_and_made_ones_agree(tmp_path, photos, scale):
    from restore.degradation import imresize

    for file in photos.iterdir():
        pixels = read_pixels(file, 3)
        height, width = (side - side % scale for side in pixels.shape[:2])
        clean = torch.from_numpy(pixels[:height, :width].copy()).permute(2, 0, 1)[None].float() / 255
        small = (imresize(clean, scale) * 255).round().byte()[0].permute(1, 2, 0).numpy()
        write(tmp_path / "small" / f"{file.stem}x{scale}.png", small)
    words = ("--method", "bicubic", "--scale", scale, "--data", photos, "--protocol", "sr-y")
    made = run(tmp_path, *words, "--preset", "matlab")
    ready = run(tmp_path, *words, "--lr", tmp_path / "small")
    assert made["pictures"] == ready["pictures"]
    assert made["pictures"][0]["input_psnr"] is None
    assert run(tmp_path, *words, "--preset", "matlab-classic")["mean"] != made["mean"]
    (tmp_path / "small" / f"bx{scale}.png").unlink()
    with pytest.raises(DataError, match=r"b\.png"):
        run(tmp_path, *words, "--lr", tmp_path / "small")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--method", "noisy", "--protocol", "awgn-rgb"), r"--sigma is missing: .*\(25\)\?$"),
        (("--method", "noisy", "--protocol", "awgn-gray", "--sigma", "25"), "is RGB, and this protocol is for gray"),
        (("--method", "noisy", "--protocol", "sr-y"), "needs awgn"),
        (("--method", "bicubic", "--protocol", "awgn-rgb", "--sigma", "5", "--scale", "2"), "needs an sr-"),
        (("--method", "bicubic", "--protocol", "sr-y"), "bicubic needs --scale"),
        (("--method", "bicubic", "--protocol", "sr-y", "--scale", "0"), r"^--scale is 1 or more\.$"),
        (("--method", "bicubic", "--protocol", "sr-y", "--scale", "2", "--sigma", "5"), "--sigma is for"),
        (("--method", "noisy", "--protocol", "real-srgb", "--clip"), "--clip is for"),
        (("--method", "noisy", "--protocol", "real-srgb"), "holds no pairs"),
        (("--method", "noisy", "--protocol", "awgn-rgb", "--sigma", "5", "--crop", "kodak24"), "smaller than 500"),
        (("--model", "nothing-of-that-name", "--protocol", "awgn-rgb", "--sigma", "5"), "nothing-of-that-name"),
    ],
)
def test_mistakes_are_told(photos, words, message):
    with pytest.raises(RestoreError, match=message):
        main([*words, "--data", str(photos)])


def test_a_denoiser_is_not_scored_as_super_resolution(photos, weights):
    with pytest.raises(RestoreError, match=r"restores x1, but the protocol sr-y"):
        main(["--checkpoint", str(weights), "--data", str(photos), "--protocol", "sr-y"])


def test_a_scale_that_an_official_file_does_not_tell_is_taken_from_the_option(tmp_path, photos):
    torch.save(to_official(PAN(scale=3, width=4, up_width=4, blocks=1)), tmp_path / "pan.pth")
    words = ("--checkpoint", tmp_path / "pan.pth", "--data", photos, "--protocol", "sr-y", "--device", "cpu")
    with pytest.raises(RestoreError, match=r"It is 2 or 3.*--scale"):
        run(tmp_path, *words)
    found = run(tmp_path, *words, "--scale", 3)
    assert found["scale"] == 3
    assert len(found["pictures"]) == 3


def test_an_empty_folder_is_told(tmp_path):
    with pytest.raises(DataError, match="No pictures"):
        main(["--method", "noisy", "--data", str(tmp_path), "--protocol", "awgn-rgb", "--sigma", "5"])


PUBLISHED = {
    ("set5", 2): (33.66, 0.9299),
    ("set5", 4): (28.42, 0.8104),
    ("set14", 2): (30.24, 0.8688),
    ("set14", 4): (26.00, 0.7027),
    ("bsd100", 2): (29.56, 0.8431),
    ("bsd100", 4): (25.96, 0.6675),
}
"""RCAN's bicubic rows of `sr-y`: Set5, Set14 and B100."""


@pytest.mark.parametrize(
    ("name", "scale"), [pytest.param(*key, marks=[pytest.mark.slow] * (key[0] == "bsd100")) for key in PUBLISHED]
)
def test_the_published_bicubic_rows(tmp_path, shared, name, scale):
    """To the second decimal of PSNR and the fourth of SSIM, without an option that is not in the protocol's command."""
    words = ("--method", "bicubic", "--scale", scale, "--data", shared / "data/test" / name, "--protocol", "sr-y")
    found = run(tmp_path, *words)
    assert (found["luma"], found["preset"]) == (True, "bicubic")
    assert (round(found["mean"]["psnr"], 2), round(found["mean"]["ssim"], 4)) == PUBLISHED[name, scale]
    title = {"set5": "Set5, all 5", "set14": "Set14, all 14", "bsd100": "BSD100, all 100"}[name]
    assert found["set"] == f"{title} pictures as known"


def test_through_rgb_the_rows_come_out_a_little_different(tmp_path, shared):
    words = ("--method", "bicubic", "--scale", 2, "--data", shared / "data/test/set5", "--protocol", "sr-y")
    found = run(tmp_path, *words, "--preset", "matlab-classic")
    assert found["luma"] is False
    assert (round(found["mean"]["psnr"], 4), round(found["mean"]["ssim"], 4)) == (33.6741, 0.9303)


def test_enlarged_luma_stays_in_its_range(tmp_path):
    """Overshoot beyond 16..235 is cut; without that, a picture of hard edges scores lower."""
    edges = np.where(np.arange(40) // 5 % 2, 255, 0).astype(np.uint8)
    write(tmp_path / "edges" / "a.png", np.broadcast_to(edges[None, :, None], (32, 40, 3)).copy())
    words = ("--method", "bicubic", "--scale", 2, "--data", tmp_path / "edges", "--protocol", "sr-y")
    cut = run(tmp_path, *words)["mean"]["psnr"]
    assert cut > run(tmp_path, *words, "--no-luma")["mean"]["psnr"] + 0.1


def test_the_other_interpolations_enlarge_the_same_small_pictures(tmp_path, photos):
    words = ("--scale", 2, "--data", photos, "--protocol", "sr-y")
    found = {name: run(tmp_path, name, *words)["mean"]["psnr"] for name in ENLARGING}
    assert len({round(value, 3) for value in found.values()}) == 4  # at x2 "area" and "nearest" both repeat each pixel
    assert found["area"] == pytest.approx(found["nearest"], abs=1e-4)


def test_two_models_are_compared_picture_by_picture(tmp_path, photos, weights, capsys):
    words = ("--data", photos, "--protocol", "awgn-rgb", "--sigma", 20, "--device", "cpu")
    found = run(tmp_path, "noisy", weights, *words)
    said = capsys.readouterr().out.splitlines()
    assert (found["protocol"], found["sigma"]) == ("awgn-rgb", 20)
    assert found["models"]["A"]["model"] == "noisy"
    assert found["models"]["B"]["model"] == str(weights)
    alone = run(tmp_path, "noisy", *words)
    assert found["models"]["A"]["pictures"] == alone["pictures"]
    assert found["difference"]["psnr"]["mean"] == pytest.approx(0, abs=1e-3)
    assert found["difference"]["psnr"]["interval"]["confidence"] == 0.95
    assert said[1:3] == ["A: model noisy", f"B: model {weights} | precision fp32 | device cpu | local_pooling auto"]
    assert said[-4].startswith("mean of 3 (awgn-rgb)")


def test_a_difference_that_all_pictures_show_is_told_from_chance(tmp_path, photos, capsys, monkeypatch):
    blur = Restoring(lambda x: torch.nn.functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False), 1, 3)
    noisy = Restoring(lambda x: x, 1, 3)
    monkeypatch.setattr("restore.commands.evaluate._ready", lambda _, one: blur if one.name == "B" else noisy)
    words = ("--data", photos, "--protocol", "awgn-rgb", "--sigma", 40)
    found = run(tmp_path, "A", "B", *words)["difference"]["psnr"]
    assert 0 < found["interval"]["low"] < found["mean"] < found["interval"]["high"]
    assert "dB: B is better" in capsys.readouterr().out
    run(tmp_path, "B", "A", *words)
    assert "dB: A is better" in capsys.readouterr().out
    run(tmp_path, "A", "A2", *words)
    assert "do not tell A from B" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [(), ("noisy", "bicubic", "noisy"), ("--method", "noisy", "bicubic"), ("--method", "noisy", "--model", "a")],
)
def test_one_or_two_things_are_evaluated(photos, words):
    with pytest.raises(RestoreError, match="Name"):
        main([*words, "--data", str(photos), "--protocol", "real-srgb"])


def measures():
    """Stand-ins: half the mean absolute difference, and the mean of the restored picture."""
    kinds = {"lpips": lambda x, y: (x - y).abs().mean() / 2, "niqe": lambda x, _: x.mean()}
    return lambda name: Perceptual(name, f"library of {name} 1.2", kinds[name])


def test_perceptual_measures_are_further_columns_with_their_library(tmp_path, monkeypatch, capsys):
    write(tmp_path / "photos/a.png", photo(200, 210))
    write(tmp_path / "photos/b.png", photo(210, 200, seed=1))
    monkeypatch.setattr("restore.metrics.perceptual", measures())
    words = ("noisy", "--data", tmp_path / "photos", "--protocol", "awgn-rgb", "--sigma", 20)
    found = run(tmp_path, *words, "--also", "lpips", "niqe")
    said = capsys.readouterr().out.splitlines()
    assert found["also"] == {"lpips": "library of lpips 1.2", "niqe": "library of niqe 1.2"}
    assert "also lpips (library of lpips 1.2), niqe (library of niqe 1.2)" in said[0]
    assert said[1].split()[-2:] == ["LPIPS", "NIQE"]
    values = [picture["lpips"] for picture in found["pictures"]]
    assert all(
        0.02 < value < 0.04 for value in values
    )  # 20 / 255 * sqrt(2 / pi) / 2, a little less where it is clipped
    assert found["mean"]["lpips"] == pytest.approx(np.mean(values))
    assert found["interval"]["lpips"]["low"] <= found["mean"]["lpips"] <= found["interval"]["lpips"]["high"]
    assert said[4].split()[-2:] == [f"{found['mean'][name]:.4f}" for name in ("lpips", "niqe")]
    assert "lpips" not in run(tmp_path, *words)["mean"]


def test_less_is_better_of_a_perceptual_measure(tmp_path, monkeypatch, capsys):
    for number in range(3):
        write(tmp_path / f"photos/{number}.png", photo(64, 70, seed=number))
    far = Restoring(lambda x: x + 0.2, 1, 3)
    near = Restoring(lambda x: x, 1, 3)
    monkeypatch.setattr("restore.commands.evaluate._ready", lambda _, one: far if one.name == "B" else near)
    monkeypatch.setattr("restore.metrics.perceptual", measures())
    words = ("A", "B", "--data", tmp_path / "photos", "--protocol", "awgn-rgb", "--sigma", 5, "--also", "lpips")
    found = run(tmp_path, *words)["difference"]
    said = capsys.readouterr().out
    assert found["lpips"]["mean"] > 0.05
    assert "LPIPS: A is better" in said
    assert "dB: A is better" in said


def test_colour_measures_and_luma_alone_do_not_go_together(photos):
    with pytest.raises(RestoreError, match="--no-luma"):
        main(["bicubic", "--scale", "2", "--data", str(photos), "--protocol", "sr-y", "--also", "lpips"])


@pytest.mark.slow
def test_released_dncnn_scores_on_set12_as_published(tmp_path, shared):
    reference = shared / "reference"
    words = ("--checkpoint", reference / "weights/dncnn_25.pth", "--data", shared / "data/test/set12")
    found = run(tmp_path, *words, "--protocol", "awgn-gray", "--sigma", 25)
    golden = json.loads((reference / "goldens/dncnn25_bsd68_set12_psnr.json").read_text())["results"]["Set12"]
    for ours, theirs in zip(found["pictures"], golden["images"], strict=True):
        assert theirs["name"].startswith(ours["name"])
        assert ours["psnr"] == pytest.approx(theirs["psnr"], abs=0.001)
        assert ours["ssim"] == pytest.approx(theirs["ssim"], abs=1e-4)
    assert found["mean"]["psnr"] == pytest.approx(30.4316, abs=0.001)


def test_the_noisy_pictures_of_polyu(tmp_path, shared):
    found = run(tmp_path, "noisy", "--data", shared / "data/test/realnoise", "--protocol", "real-srgb")
    assert len(found["pictures"]) == 20
    assert found["mean"]["psnr"] == pytest.approx(35.63, abs=0.005)


def test_a_sigma_of_nought_is_told(tmp_path, photos, capsys):
    run(tmp_path, "noisy", "--data", photos, "--protocol", "awgn-rgb", "--sigma", 0)
    assert "sigma 0.0" in capsys.readouterr().out.splitlines()[0]
