"""upscale from a shell: what it writes, what it says, and its exit status."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from restore.images import Metadata, Picture, read_picture, write_picture
from restore.main import main
from restore.zoo import build, save_network, to_official

RCAN_X2 = {
    "class_path": "restore.networks.RCAN",
    "init_args": {
        "scale": 2,
        "width": 8,
        "groups": 1,
        "blocks": 1,
        "mean": [],
        "attention": {"class_path": "restore.attention.ChannelAttention", "init_args": {"reduction": 4}},
    },
}
UNET = {"class_path": "restore.networks.UNet", "init_args": {"widths": [8, 8], "blocks": [1, 1]}}
CARN = {"class_path": "restore.networks.CARN", "init_args": {"width": 4, "scales": [2, 3], "scale": 3}}


def saved(file, spec):
    torch.manual_seed(0)
    save_network(file, build(spec), {"network": spec})
    return file


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """An RCAN x2 that gives (0.4, 0.5, 0.6) wherever it is asked, so that its results are known."""
    torch.manual_seed(0)
    network = build(RCAN_X2)
    torch.nn.init.zeros_(network.tail.weight)
    with torch.no_grad():
        network.tail.bias.copy_(torch.tensor([0.4, 0.5, 0.6]) * 255)
    file = tmp_path_factory.mktemp("weights") / "x2.safetensors"
    save_network(file, network, {"network": RCAN_X2})
    return file


@pytest.fixture
def photos(tmp_path):
    for name in ("a.png", "sub/b.png", "sub/B.png"):
        write_picture(tmp_path / "photos" / name, Picture(np.full((9, 12, 3), 100, np.uint8)))
    return tmp_path / "photos"


def run(*words):
    return main(["upscale", *map(str, words)])


def test_a_folder_is_enlarged_and_a_rerun_skips_it(photos, tmp_path, weights, capsys):
    words = [photos, "--output", tmp_path / "out", "--scale", 2, "--checkpoint", weights]
    assert run(*words) == 0
    assert "3 restored into" in capsys.readouterr().out
    pixels = read_picture(tmp_path / "out/sub/B.png").pixels
    assert pixels.shape == (18, 24, 3)
    assert (pixels == (102, 128, 153)).all()
    assert run(*words) == 0
    assert "3 skipped because their results exist (--overwrite" in capsys.readouterr().out


def test_depth_gray_transparency_and_metadata_are_kept(tmp_path, weights):
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x0131] = "a camera"
    exif[0x8769] = {0xA002: 10, 0xA003: 4}
    (tmp_path / "in").mkdir()
    Image.fromarray(np.zeros((4, 10, 3), np.uint8)).save(tmp_path / "in/turned.jpg", exif=exif, icc_profile=b"a" * 128)
    write_picture(tmp_path / "in/gray.png", Picture(np.full((5, 7, 1), 9, np.uint8)))
    write_picture(tmp_path / "in/deep.png", Picture(np.full((5, 7, 3), 999, np.uint16), metadata=Metadata(icc=b"me")))
    write_picture(tmp_path / "in/deep.tif", Picture(np.full((5, 7, 1), 0.5, np.float32)))
    alpha = np.zeros((6, 8), np.uint16)
    alpha[:, :4] = 65535
    write_picture(tmp_path / "in/clear.tif", Picture(np.full((6, 8, 3), 77, np.uint16), alpha))

    assert run(tmp_path / "in", "--output", tmp_path / "out", "--checkpoint", weights, "--precision", "fp32") == 0

    gray = read_picture(tmp_path / "out/gray.png").pixels
    assert gray.shape == (10, 14, 1)  # the mean of three channels
    assert (gray == 128).all()
    deep = read_picture(tmp_path / "out/deep.png")
    assert deep.pixels.dtype == np.uint16
    assert np.abs(deep.pixels.astype(int) - (26214, 32768, 39321)).max() <= 1
    assert deep.metadata.icc == b"me"
    np.testing.assert_allclose(read_picture(tmp_path / "out/deep.tif").pixels, np.full((10, 14, 1), 0.5), rtol=1e-6)
    clear = read_picture(tmp_path / "out/clear.tif").alpha
    assert (clear.shape, clear.dtype) == ((12, 16), np.uint16)
    assert (clear[:, :6] == 65535).all()
    assert (clear[:, 10:] == 0).all()
    assert 0 < clear[0, 8] < clear[0, 7] < 65535
    with Image.open(tmp_path / "out/turned.jpg") as image:
        assert image.size == (8, 20)  # turned upright
        seen = image.getexif()
        assert (seen[0x0112], seen[0x0131]) == (1, "a camera")
        assert seen.get_ifd(0x8769) == {0xA002: 8, 0xA003: 20}
        assert image.info["icc_profile"] == b"a" * 128


def test_one_broken_file_is_named_and_the_status_is_one(photos, tmp_path, weights, capsys):
    (photos / "b.png").write_bytes(b"text")
    assert run(photos, "--output", tmp_path / "out", "--checkpoint", weights) == 1
    said = capsys.readouterr()
    assert f"{photos / 'b.png'} is not a picture" in said.err
    assert "3 restored" in said.out
    assert "1 failed" in said.out


def test_a_size_that_the_format_cannot_hold_is_told_before_the_work(tmp_path, weights, capsys):
    write_picture(tmp_path / "long.webp", Picture(np.zeros((1, 9000, 3), np.uint8)))
    assert run(tmp_path / "long.webp", "--output", tmp_path / "out", "--checkpoint", weights) == 1
    assert "long.webp cannot hold 18000 x 2 pixels; sides end at 16383 there" in capsys.readouterr().err


def test_without_weights_it_says_what_to_give(photos, tmp_path, capsys):
    assert run(photos, "--output", tmp_path / "out", "--scale", 2) == 1
    error = capsys.readouterr().err
    assert "Name some by --checkpoint" in error
    assert len(error.splitlines()) == 1


def test_another_scale_than_the_models_is_refused(photos, tmp_path, weights, capsys):
    assert run(photos, "--output", tmp_path / "out", "--scale", 4, "--checkpoint", weights) == 1
    assert "x2.safetensors enlarges x2, not x4. Give --scale 2, or other weights." in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_of_several_scales_one_is_chosen(photos, tmp_path, capsys):
    file = saved(tmp_path / "carn.safetensors", CARN)
    for scale in (2, 3):
        out = tmp_path / f"x{scale}"
        assert run(photos / "a.png", "--output", out, "--scale", scale, "--model", file) == 0
        assert read_picture(out / "a.png").pixels.shape == (9 * scale, 12 * scale, 3)
    assert run(photos / "a.png", "--output", tmp_path / "x4", "--scale", 4, "--checkpoint", file) == 1
    assert "enlarges x2 and x3, not x4. Give --scale 2 or --scale 3" in capsys.readouterr().err


@pytest.mark.parametrize("scale", [[], ["--scale", 2]])
def test_a_denoiser_does_not_enlarge(scale, photos, tmp_path, capsys):
    file = saved(tmp_path / "unet.safetensors", UNET)
    assert run(photos, "--output", tmp_path / "out", "--checkpoint", file, *scale) == 1
    assert f"run: restore denoise --checkpoint {file}" in capsys.readouterr().err


def test_official_files_are_taken_where_they_leave_no_question_open(photos, tmp_path, weights, capsys):
    spec = {"class_path": "restore.networks.IMDN", "init_args": {"scale": 2, "width": 16, "blocks": 1}}
    torch.save(to_official(build(spec)), tmp_path / "imdn.pth")
    assert run(photos / "a.png", "--output", tmp_path / "out", "--checkpoint", tmp_path / "imdn.pth") == 0
    assert read_picture(tmp_path / "out/a.png").pixels.shape == (18, 24, 3)
    torch.save(to_official(build(RCAN_X2)), tmp_path / "rcan.pth")
    assert run(photos / "a.png", "--output", tmp_path / "out", "--checkpoint", tmp_path / "rcan.pth") == 1
    error = capsys.readouterr().err
    assert "0 to 255 or of 0 to 1?" in error
    assert "restore convert" in error


@pytest.mark.parametrize("word", ["1", "two", "2.5"])
def test_a_scale_is_a_whole_number_from_two(word, capsys):
    with pytest.raises(SystemExit) as end:
        run("a", "--output", "b", "--scale", word)
    assert end.value.code == 2
    assert f"argument --scale: '{word}' is no whole number from 2" in capsys.readouterr().err


def test_a_misspelt_option_is_put_right_in_one_line(capsys):
    with pytest.raises(SystemExit) as end:
        run("a", "--sclae", "2")
    assert end.value.code == 2
    assert "there is no option --sclae (did you mean --scale?)" in capsys.readouterr().err
