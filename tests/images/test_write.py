"""What is written is read back, with its metadata, and a file is whole or not there."""

from __future__ import annotations

import logging
import os

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from restore.errors import DataError, ShapeError
from restore.images import Metadata, Picture, read_picture, write_picture
from restore.images.atomic import replacing
from restore.images.metadata import sized

random = np.random.default_rng(1)
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def exif_block():
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif[0x0112] = 1
    exif[0x8769] = {0x829A: 0.008, 0x9003: "2024:05:06 07:08:09"}
    exif[0x8825] = {1: "N", 2: (47.0, 22.0, 10.5)}
    return exif.tobytes().removeprefix(b"Exif\x00\x00")


def pixels(channels, dtype, shape=(9, 13)):
    values = random.integers(0, 65536, (*shape, channels))
    return (values >> 8).astype(dtype) if dtype == np.uint8 else values.astype(dtype)


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("name", "dtype"),
    [("a.png", np.uint8), ("a.png", np.uint16), ("a.tif", np.uint8), ("a.tiff", np.uint16), ("a.TIF", np.float32)],
)
def test_a_lossless_file_gives_back_every_value(tmp_path, name, dtype, channels, alpha):
    if dtype == np.float32:
        values, mask = pixels(channels, dtype) / 65535, pixels(1, dtype)[:, :, 0] / 65535
        values, mask = values.astype(dtype), mask.astype(dtype)
    else:
        values, mask = pixels(channels, dtype), pixels(1, dtype)[:, :, 0]
    write_picture(tmp_path / name, Picture(values, mask if alpha else None))
    back = read_picture(tmp_path / name)
    expected = np.repeat(values, 3, 2) if (name, dtype, channels, alpha) == ("a.png", np.uint16, 1, True) else values
    assert back.pixels.dtype == dtype
    np.testing.assert_array_equal(back.pixels, expected)
    assert back.alpha is None if not alpha else np.array_equal(back.alpha, mask)


@pytest.mark.parametrize("name", ["a.webp", "a.bmp"])
def test_eight_bit_colour_survives_lossless_formats(tmp_path, name):
    values = pixels(3, np.uint8)
    write_picture(tmp_path / name, Picture(values))
    np.testing.assert_array_equal(read_picture(tmp_path / name).pixels, values)


def test_a_jpeg_keeps_full_chroma_and_high_quality(tmp_path):
    values = np.zeros((16, 16, 3), np.uint8)
    values[:, ::2] = (255, 0, 0)
    write_picture(tmp_path / "a.jpg", Picture(values))
    with Image.open(tmp_path / "a.jpg") as image:
        assert all(layer[1:3] == (1, 1) for layer in image.layer)  # 4:4:4
        assert np.abs(np.asarray(image).astype(int) - values).mean() < 4


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif"])
def test_exif_gps_and_icc_reach_the_output(tmp_path, name, dtype):
    picture = Picture(pixels(3, dtype), metadata=Metadata(exif=exif_block(), icc=ICC))
    write_picture(tmp_path / name, picture)
    back = read_picture(tmp_path / name).metadata
    assert back.icc == ICC
    exif = Image.Exif()
    exif.load(back.exif)
    assert exif[0x010F].rstrip("\x00") == "Maker"
    assert exif.get_ifd(0x8769)[0x9003].rstrip("\x00") == "2024:05:06 07:08:09"
    assert tuple(map(float, exif.get_ifd(0x8825)[2])) == (47.0, 22.0, 10.5)


def test_other_readers_agree_about_our_tiff(tmp_path):
    values = pixels(3, np.uint16, (700, 301))  # several strips
    write_picture(tmp_path / "a.tif", Picture(values, values[:, :, 0].copy()))
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        page = file.pages[0]
        np.testing.assert_array_equal(page.asarray()[:, :, :3], values)
        assert len(page.dataoffsets) > 1
        assert [int(kind) for kind in page.extrasamples] == [2]


def test_lost_depth_is_said(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        write_picture(tmp_path / "a.jpg", Picture(np.full((4, 4, 3), 257 * 40, np.uint16)))
    assert "a.jpg: uint16 pixels are rounded to the 8 bits" in caplog.text
    assert np.abs(read_picture(tmp_path / "a.jpg").pixels.astype(int) - 40).max() <= 1


def test_a_jpeg_with_transparency_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"a\.jpg cannot hold the picture: JPEG has no transparency"):
        write_picture(tmp_path / "a.jpg", Picture(pixels(3, np.uint8), pixels(1, np.uint8)[:, :, 0]))


def test_an_unknown_extension_is_refused_by_name(tmp_path):
    with pytest.raises(DataError, match=r"a\.xyz ends in no known extension"):
        write_picture(tmp_path / "a.xyz", Picture(pixels(3, np.uint8)))


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError("disk full"), ValueError])
def test_an_interrupted_file_keeps_the_old_one_and_leaves_nothing_beside(tmp_path, error):
    target = tmp_path / "a.png"
    target.write_bytes(b"old")

    def write() -> None:
        with replacing(target) as temporary:
            temporary.write_bytes(b"half")
            raise error

    with pytest.raises(BaseException) as caught:
        write()
    assert isinstance(caught.value, error if isinstance(error, type) else type(error))
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.png"]


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"file/a\.png cannot be written"):
        write_picture(tmp_path / "file" / "a.png", Picture(pixels(3, np.uint8)))


def test_a_new_file_has_the_usual_permissions(tmp_path):
    write_picture(tmp_path / "a.png", Picture(pixels(3, np.uint8)))
    (tmp_path / "plain").write_text("")
    assert (tmp_path / "a.png").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_picture_with_four_channels_is_refused():
    with pytest.raises(ShapeError, match="alpha"):
        Picture(np.zeros((2, 2, 4), np.uint8))
    with pytest.raises(ShapeError, match="alpha"):
        Picture(np.zeros((2, 2, 3), np.uint8), np.zeros((2, 3), np.uint8))


@pytest.mark.parametrize(("width", "height"), [(13, 9), (70000, 1)])
@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_states_the_size_that_was_written_and_maker_notes_stay_where_they_are(tmp_path, order, width, height):
    exif = Image.Exif()
    exif.endian = order
    exif[0x0100], exif[0x0101], exif[0x010F] = 4000, 3000, "Maker"
    exif[0x8769] = {0xA002: 4000, 0xA003: 3000, 0x927C: b"a note", 0x829A: 0.008}
    block = exif.tobytes().removeprefix(b"Exif\x00\x00")
    assert block[:2] == (b"II" if order == "<" else b"MM")
    write_picture(tmp_path / "a.png", Picture(np.zeros((height, width, 1), np.uint8), metadata=Metadata(exif=block)))
    back = read_picture(tmp_path / "a.png").metadata.exif
    assert len(back) == len(block)
    assert back.index(b"a note") == block.index(b"a note")
    seen = Image.Exif()
    seen.load(back)
    assert (seen[0x0100], seen[0x0101], seen[0x010F]) == (width, height, "Maker")
    inner = seen.get_ifd(0x8769)
    assert (inner[0xA002], inner[0xA003], float(inner[0x829A])) == (width, height, 0.008)


def test_exif_that_is_cut_short_or_nonsense_does_no_harm():
    block = exif_block()
    for cut in range(len(block)):
        assert len(sized(block[:cut], 70000, 3)) == cut
    for seed in range(300):
        noise = np.random.default_rng(seed).integers(0, 12, 80, np.uint8).tobytes()
        for order in (b"II*\x00\x08\x00\x00\x00", b"MM\x00*\x00\x00\x00\x08"):
            assert len(sized(order + noise, 70000, 3)) == 88
