"""What is read from a file is what its writer meant, at its own depth and the right way up."""

from __future__ import annotations

import io
import logging
import os
import struct
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, TiffImagePlugin

from restore.errors import DataError
from restore.images import read_picture, read_pixels

random = np.random.default_rng(0)
RGB = random.integers(0, 256, (11, 17, 3), np.uint8)
DEEP = random.integers(0, 65536, (11, 17, 3), np.uint16)


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif"])
def test_eight_bit_colour_is_read_exactly(tmp_path, name):
    Image.fromarray(RGB).save(tmp_path / name)
    picture = read_picture(tmp_path / name)
    np.testing.assert_array_equal(picture.pixels, RGB)
    assert picture.alpha is None
    assert picture.metadata.lossless


def test_gray_stays_one_channel(tmp_path):
    Image.fromarray(RGB[:, :, 0]).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png").pixels, RGB[:, :, :1])


@pytest.mark.parametrize("channels", [2, 4])
def test_alpha_is_kept_apart(tmp_path, channels):
    values = random.integers(0, 256, (5, 6, channels), np.uint8)
    Image.fromarray(values).save(tmp_path / "a.png")
    picture = read_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(picture.pixels, values[:, :, :-1])
    np.testing.assert_array_equal(picture.alpha, values[:, :, -1])


def test_a_palette_becomes_its_colours(tmp_path):
    image = Image.fromarray(np.array([[0, 1], [1, 0]], np.uint8), "P")
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.save(tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png").pixels.tolist() == [
        [[10, 20, 30], [200, 100, 50]],
        [[200, 100, 50], [10, 20, 30]],
    ]


def test_cmyk_becomes_rgb_and_not_its_negative(tmp_path):
    Image.new("CMYK", (8, 8), (255, 0, 0, 0)).save(tmp_path / "a.jpg", quality=100)
    red, green, blue = read_picture(tmp_path / "a.jpg").pixels[4, 4].tolist()
    assert red < 10
    assert green > 245
    assert blue > 245


@pytest.mark.parametrize("values", [DEEP, DEEP[:, :, 0], np.dstack([DEEP, DEEP[:, :, :1]])])
def test_sixteen_bit_png_is_read_exactly(tmp_path, values):
    bgr = values if values.ndim == 2 else values[:, :, [2, 1, 0, 3][: values.shape[2]]]
    cv2.imwrite(str(tmp_path / "a.png"), bgr)
    picture = read_picture(tmp_path / "a.png")
    colours = 1 if values.ndim == 2 else 3
    np.testing.assert_array_equal(picture.pixels, values.reshape(11, 17, -1)[:, :, :colours])
    assert (picture.alpha is not None) == (values.ndim == 3 and values.shape[2] == 4)


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_deep_tiff_is_read_exactly(tmp_path, planar, dtype):
    values = DEEP if dtype == np.uint16 else (DEEP / 65535).astype(dtype)
    stored = values if planar == "contig" else np.moveaxis(values, 2, 0)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", planarconfig=planar)
    picture = read_picture(tmp_path / "a.tif")
    assert picture.pixels.dtype == dtype
    np.testing.assert_array_equal(picture.pixels, values)


def test_a_tiff_where_zero_is_white_is_turned_round(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", DEEP[:, :, 0], photometric="miniswhite")
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif").pixels[:, :, 0], 65535 - DEEP[:, :, 0])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_ends_upright(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(RGB).save(tmp_path / "a.png", exif=exif)
    picture = read_picture(tmp_path / "a.png")
    from PIL import ImageOps

    expected = np.asarray(ImageOps.exif_transpose(Image.open(tmp_path / "a.png")))
    np.testing.assert_array_equal(picture.pixels, expected)
    assert (
        struct.pack("<HHI", 0x0112, 3, 1) + b"\x01\x00" in picture.metadata.exif or b"\x00\x01" in picture.metadata.exif
    )
    reread = Image.Exif()
    reread.load(picture.metadata.exif)
    assert reread[0x0112] == 1


def test_a_deep_tiff_is_turned_upright_too(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", DEEP, photometric="rgb", extratags=[(274, 3, 1, 6, True)])
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif").pixels, np.rot90(DEEP, -1))


def test_lossy_and_lossless_webp_are_told_apart(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "a.webp", lossless=True)
    Image.fromarray(RGB).save(tmp_path / "b.webp", quality=80)
    assert read_picture(tmp_path / "a.webp").metadata.lossless
    assert not read_picture(tmp_path / "b.webp").metadata.lossless


def test_only_the_first_frame_is_read_and_that_is_said(tmp_path, caplog):
    frames = [Image.fromarray(np.full((4, 4, 3), value, np.uint8)) for value in (10, 200)]
    frames[0].save(tmp_path / "a.tif", save_all=True, append_images=frames[1:])
    with caplog.at_level(logging.WARNING):
        assert (read_picture(tmp_path / "a.tif").pixels == 10).all()
    assert "a.tif holds 2 frames" in caplog.text


def test_content_counts_and_not_the_name(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "a.jpg")
    os.rename(tmp_path / "a.jpg", tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png").metadata.format == "JPEG"


def broken_files(folder):
    png = io.BytesIO()
    Image.fromarray(RGB).save(png, "PNG")
    jpeg = io.BytesIO()
    Image.fromarray(np.tile(RGB, (9, 9, 1))).save(jpeg, "JPEG")
    deep = cv2.imencode(".png", DEEP)[1].tobytes()
    tiff = io.BytesIO()
    tifffile.imwrite(tiff, DEEP, photometric="rgb")
    header = struct.pack(">IIBBBBB", 60000, 50000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(9))) + chunk(b"IEND", b"")
    contents = {
        "empty.png": (b"", "empty"),
        "text.png": (b"this is not a picture\n", "not a picture"),
        "short.png": (png.getvalue()[:-80], "damaged or cut short"),
        "short.jpg": (jpeg.getvalue()[:-500], "damaged or cut short"),
        "short_deep.png": (deep[:-200], "damaged or cut short"),
        "short.tif": (tiff.getvalue()[:-200], "damaged|cannot be decoded"),
        "header.tif": (tiff.getvalue()[:8], "damaged|not a picture"),
        "bomb.png": (bomb, "60000 x 50000 = 3000 megapixels; the limit is 268"),
        "flipped.png": (png.getvalue()[:60] + b"\xff\x00\xff" + png.getvalue()[63:], "damaged"),
    }
    for name, (content, _) in contents.items():
        (folder / name).write_bytes(content)
    return {name: message for name, (_, message) in contents.items()}


def test_every_broken_file_is_named_and_its_trouble_said(tmp_path):
    for name, message in broken_files(tmp_path).items():
        with pytest.raises(DataError, match=message) as caught:
            read_picture(tmp_path / name)
        assert name in str(caught.value)


def test_missing_files_folders_and_dangling_links_are_named(tmp_path):
    (tmp_path / "dir.png").mkdir()
    (tmp_path / "link.png").symlink_to("gone.png")
    for name, message in {
        "no.png": "is missing",
        "dir.png": "is a folder",
        "link.png": "link to a missing file",
    }.items():
        with pytest.raises(DataError, match=message) as caught:
            read_picture(tmp_path / name)
        assert name in str(caught.value)


def test_kinds_that_cannot_be_restored_are_refused_and_not_guessed(tmp_path):
    tifffile.imwrite(tmp_path / "int32.tif", np.arange(12, dtype=np.int32).reshape(3, 4))
    tifffile.imwrite(tmp_path / "nan.tif", np.full((3, 4), np.nan, np.float32))
    tifffile.imwrite(tmp_path / "cmyk16.tif", np.zeros((3, 4, 4), np.uint16), photometric="separated")
    for name in ("int32.tif", "nan.tif", "cmyk16.tif"):
        with pytest.raises(DataError, match=name):
            read_picture(tmp_path / name)


def test_an_eps_is_not_handed_to_ghostscript(tmp_path):
    (tmp_path / "a.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
    with pytest.raises(DataError, match="not a picture"):
        read_picture(tmp_path / "a.png")


def test_pillows_own_limit_is_left_as_it_was(tmp_path):
    before = Image.MAX_IMAGE_PIXELS
    broken_files(tmp_path)
    with pytest.raises(DataError):
        read_picture(tmp_path / "bomb.png")
    assert before == Image.MAX_IMAGE_PIXELS


def test_pixels_for_data_sets_have_the_channels_that_were_asked_for(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "rgb.png")
    Image.fromarray(RGB[:, :, 0]).save(tmp_path / "gray.png")
    cv2.imwrite(str(tmp_path / "deep.png"), np.full((2, 2), 257 * 77 + 100, np.uint16))
    np.testing.assert_array_equal(read_pixels(tmp_path / "rgb.png", 3), RGB)
    np.testing.assert_array_equal(read_pixels(tmp_path / "gray.png", 3), np.repeat(RGB[:, :, :1], 3, 2))
    luma = np.asarray(Image.fromarray(RGB).convert("L")).astype(int)
    assert np.abs(read_pixels(tmp_path / "rgb.png", 1)[:, :, 0] - luma).max() <= 1
    assert (read_pixels(tmp_path / "deep.png", 1) == 77).all()


def test_a_deep_tiff_in_a_compression_that_tifffile_lacks_is_still_exact(tmp_path):
    assert cv2.imwrite(str(tmp_path / "a.tif"), DEEP[:, :, ::-1], [cv2.IMWRITE_TIFF_COMPRESSION, TIFF_LZW])
    with Image.open(tmp_path / "a.tif") as image:
        assert image.tag_v2[TiffImagePlugin.COMPRESSION] == TIFF_LZW
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif").pixels, DEEP)


TIFF_LZW = 5
