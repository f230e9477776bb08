"""The layouts of paired sets, made as their authors hand them out."""

from __future__ import annotations

import pytest

from restore.data import Pictures, find_pairs, match_small
from restore.errors import DataError
from tests.data.pictures import make_pictures

BY_FOLDER = [("noisy", "clean"), ("input", "target"), ("input", "groundtruth"), ("input_crops", "target_crops")]
LAYOUTS = {
    "PolyU, CC": [("Canon_1_real.JPG", "Canon_1_mean.JPG")],
    "SIDD": [
        ("0001_S6/0001_NOISY_SRGB_010.PNG", "0001_S6/0001_GT_SRGB_010.PNG"),
        ("2/NOISY_SRGB_011.PNG", "2/GT_SRGB_011.PNG"),
    ],
    "names": [("a_noisy.png", "a_clean.png")],
} | {f"{a}, {b}": [(f"{a}/x/1.png", f"{b}/x/1.png"), (f"{a}/2.png", f"{b}/2.png")] for a, b in BY_FOLDER}
SMALL = {
    "EDSR's benchmark": [("LR_bicubic/X4/babyx4.png", "HR/baby.png")],
    "DIV2K": [("DIV2K_valid_LR_bicubic/X4/0801x4.png", "DIV2K_valid_HR/0801.png")],
    "SelfExSR": [("img_001_SRF_4_LR.png", "img_001_SRF_4_HR.png"), ("img_002_SRF_4_LR.png", "img_002_SRF_4_HR.png")],
}


def touch(folder, pairs):
    for pair in pairs:
        for name in pair:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).touch()
    return [(folder / a, folder / b) for a, b in pairs]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_pairs_are_found(tmp_path, layout):
    expected = touch(tmp_path, LAYOUTS[layout])
    assert sorted(find_pairs(tmp_path)) == sorted(expected)
    expected[0][1].unlink()
    with pytest.raises(DataError, match="has no clean partner"):
        find_pairs(tmp_path)


@pytest.mark.parametrize("layout", SMALL)
def test_official_small_pictures_are_found_at_their_scale(tmp_path, layout):
    expected = touch(tmp_path, SMALL[layout])
    touch(tmp_path, [("LR_bicubic/X2/babyx2.png", "DIV2K_valid_LR_bicubic/X2/0801x2.png")][: layout != "SelfExSR"])
    assert find_pairs(tmp_path, scale=4) == expected
    assert find_pairs(tmp_path) == []
    expected[0][0].unlink()
    if layout != "SelfExSR":
        touch(tmp_path, [(f"{expected[0][0].parent.relative_to(tmp_path)}/other.png",) * 2])
    with pytest.raises(DataError, match="has no small partner"):
        find_pairs(tmp_path, scale=4)


@pytest.mark.parametrize(
    ("small", "large"),
    [
        ("baby.png", "baby.png"),
        ("babyx2.png", "baby.png"),
        ("baby_LRBI_x2.png", "baby_HR_x2.png"),
        ("img_001_SRF_2_LR.png", "img_001_SRF_2_HR.png"),
        ("x2.png", "x2.png"),
    ],
)
def test_names_of_small_pictures_are_matched(tmp_path, small, large):
    small, large = tmp_path / "small" / small, tmp_path / "large" / large
    assert match_small([small, small.with_name("zebra.png")], [large]) == {large: small}
    assert match_small([small.with_name("zebra.png")], [large]) == {}


def test_the_shared_official_files_match_their_sets(shared):
    test = shared / "data" / "test"
    for folder in sorted(test.glob("*_matlab_lr*/x*")):
        large = sorted((test / folder.parent.name.split("_")[0]).iterdir())
        small = sorted(folder.iterdir())
        assert sorted(match_small(small, large).values()) == small


def test_a_run_validates_on_official_small_pictures(tmp_path):
    """The full-size picture is not cropped to a multiple of the scale, as in Set14 and BSD100."""
    make_pictures(tmp_path / "set" / "HR", count=1, size=(43, 56))
    (small,) = make_pictures(tmp_path / "set" / "LR_bicubic" / "X4", count=1, size=(10, 14))
    small.rename(small.with_name(f"{small.stem}x4.png"))
    data = Pictures(validation={"set": str(tmp_path / "set")}, scale=4, workers=0)
    data.setup("validate")
    (loader,) = data.val_dataloader()
    (batch,) = loader
    assert batch["degraded"].shape == (1, 3, 10, 14)
    assert batch["target"].shape == (1, 3, 40, 56)
