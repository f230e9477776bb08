"""degrade from a shell: what it writes, what it says, and its exit status; the recipes that ship."""

from __future__ import annotations

import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import yaml

from restore.commands.degradation_grid import draw_grid
from restore.commands.degradation_recipe import load_degradation
from restore.degradation import Bicubic, Chain, Decimate, GaussianBlur, GaussianNoise, RandomResize, ResizeTo, Shuffle
from restore.images import Picture, read_picture, write_picture
from restore.main import main
from restore.networks import RCAN
from restore.tasks import SuperResolution
from tests.runs import ROOT

RECIPES = ["bsrgan", "realesrgan"]


@pytest.fixture
def photos(tmp_path):
    random = np.random.default_rng(0)
    for name in ("a.png", "sub/b.png", "sub/c.jpg"):
        write_picture(tmp_path / "photos" / name, Picture(random.integers(60, 200, (50, 66, 3)).astype(np.uint8)))
    return tmp_path / "photos"


@pytest.fixture
def noise(tmp_path):
    """A recipe of noise."""
    file = tmp_path / "noise.yaml"
    file.write_text("class_path: restore.degradation.GaussianNoise\ninit_args: {sigma: [10, 20]}\n")
    return file


def run(*words):
    return main(["degrade", *map(str, words)])


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_folder_becomes_four_times_smaller_under_its_own_names(recipe, photos, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(photos, "--config", recipe, "--output", out, "--grid", "--draws", "2", "--cell", "40") == 0
    assert "3 degraded into" in capsys.readouterr().out
    assert {path.relative_to(out).as_posix() for path in out.rglob("*.*")} == {
        "a.png", "sub/b.png", "sub/c.jpg", "grids/a.png", "grids/sub/b.png", "grids/sub/c.png"
    }  # fmt: skip
    assert read_picture(out / "sub/b.png").pixels.shape == (12, 16, 3)
    assert read_picture(out / "grids/a.png").pixels.shape[1] > 6 * 40


def test_results_that_exist_are_skipped_and_the_seed_decides(photos, noise, tmp_path, capsys):
    def made(name, *more):
        assert run(photos / "a.png", "--config", noise, "--output", tmp_path / name, *more) == 0
        return read_picture(tmp_path / name / "a.png").pixels

    first = made("one")
    assert (made("two") == first).all()
    assert (made("three", "--seed", "1") != first).any()
    capsys.readouterr()
    made("one", "--seed", "1")
    assert "1 skipped" in capsys.readouterr().out
    assert (made("one", "--seed", "1", "--overwrite") != first).any()


def test_a_picture_does_not_depend_on_the_others(photos, noise, tmp_path):
    assert run(photos, "--config", noise, "--output", tmp_path / "all") == 0
    (photos / "a.png").unlink()
    assert run(photos, "--config", noise, "--output", tmp_path / "fewer") == 0
    same = [read_picture(tmp_path / name / "sub/b.png").pixels for name in ("all", "fewer")]
    assert (same[0] == same[1]).all()


def test_a_broken_file_is_named_and_the_rest_is_done(photos, noise, tmp_path, capsys):
    (photos / "broken.png").write_bytes(b"no picture")
    assert run(photos, "--config", noise, "--output", tmp_path / "out") == 1
    said = capsys.readouterr()
    assert "3 degraded" in said.out
    assert "1 failed" in said.out
    assert (tmp_path / "out/sub/c.jpg").is_file()


def test_transparency_and_metadata_and_sixteen_bits_are_kept(noise, tmp_path):
    shrink = tmp_path / "shrink.yaml"
    shrink.write_text("class_path: restore.degradation.ResizeTo\ninit_args: {scale: 2, methods: [area]}\n")
    pixels = np.full((9, 12, 3), 30000, np.uint16)
    write_picture(tmp_path / "deep.png", Picture(pixels, alpha=np.full((9, 12), 40000, np.uint16)))
    assert run(tmp_path / "deep.png", "--config", shrink, "--output", tmp_path / "out") == 0
    small = read_picture(tmp_path / "out/deep.png")
    assert small.pixels.shape == (4, 6, 3)
    assert small.pixels.dtype == np.uint16
    assert abs(small.pixels.astype(int) - 30000).max() <= 1
    assert abs(small.alpha.astype(int) - 40000).max() <= 1


RAW = """class_path: restore.degradation.Chain
init_args:
  steps:
    - {class_path: restore.degradation.CameraNoise, init_args: {output: %s, log_shot: [-9, -7]}}
    - class_path: restore.degradation.Clip
"""


def test_raw_output_is_written_as_the_mosaic_in_sixteen_bits(photos, tmp_path):
    """Packed planes as the plane they were packed from, except for an odd last row or column."""
    write_picture(photos / "odd.png", Picture(read_picture(photos / "a.png").pixels[:49, :65]))
    for output in ("plane", "packed"):
        (tmp_path / f"{output}.yaml").write_text(RAW % output)
        words = ("--config", tmp_path / f"{output}.yaml", "--output", tmp_path / output, "--grid", "--cell", 40)
        assert run(photos, *words) == 0
    names = ("a.png", "odd.png", "sub/b.png", "sub/c.png")  # c was a JPEG, which holds 8 bits
    for name, size in zip(names, [(50, 66), (49, 65), (50, 66), (50, 66)], strict=True):
        plane, packed = (read_picture(tmp_path / output / name).pixels for output in ("plane", "packed"))
        assert plane.shape == (*size, 1)
        assert packed.shape == (size[0] // 2 * 2, size[1] // 2 * 2, 1)
        assert plane.dtype == packed.dtype == np.uint16
        assert len(np.unique(plane)) > 256
        assert (plane[: packed.shape[0], : packed.shape[1]] == packed).all()
    assert not (tmp_path / "packed/sub/c.jpg").exists()


def test_a_grid_says_that_it_shows_a_mosaic_and_which(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr("restore.commands.degradation_grid.labelled_grid", seen.append)
    (tmp_path / "raw.yaml").write_text((RAW % "packed").replace("-7]", "-7], pattern: gbrg"))
    clean = torch.full((1, 3, 32, 32), 0.5)
    draw_grid(load_degradation(str(tmp_path / "raw.yaml")), clean, [0], cell=32)
    (row,) = seen.pop()
    labels = [label for _, label in row]
    assert labels[0] == "clean (draw 1)"
    assert labels[1].startswith("raw mosaic, gbrg: CameraNoise")
    assert labels[2] == "raw mosaic, gbrg: Clip"
    mosaic = row[1][0]
    assert mosaic.shape == (32, 32, 1)
    assert mosaic[0::2, 0::2].mean() > mosaic[1::2, 0::2].mean() + 20  # green is brighter than red before its gain


def test_two_pictures_that_would_become_one_are_told(tmp_path, capsys):
    for name in ("a.png", "a.jpg"):
        write_picture(tmp_path / "photos" / name, Picture(np.full((8, 8, 3), 90, np.uint8)))
    (tmp_path / "raw.yaml").write_text(RAW % "packed")
    assert run(tmp_path / "photos", "--config", tmp_path / "raw.yaml", "--output", tmp_path / "out") == 1
    assert "would both become" in capsys.readouterr().err


def test_a_picture_that_is_too_small_is_named(tmp_path):
    write_picture(tmp_path / "tiny.png", Picture(np.zeros((3, 9, 3), np.uint8)))
    assert run(tmp_path / "tiny.png", "--config", "realesrgan", "--output", tmp_path / "out") == 1


def test_the_degradation_of_a_recipe_for_fit_is_taken(photos, tmp_path):
    assert isinstance(load_degradation("gaussian"), GaussianNoise)
    assert run(photos, "--config", "gaussian.yaml", "--output", tmp_path / "out") == 0
    assert read_picture(tmp_path / "out/a.png").pixels.shape == (50, 66, 3)


@pytest.mark.parametrize(
    ("recipe", "kind", "scale"),
    [("rcan", Bicubic, 4), ("edsr", Bicubic, 2), ("rnan_sr", Bicubic, 2), ("mwcnn", GaussianNoise, 1)],
)
def test_a_recipe_for_fit_that_names_none_gives_what_its_task_does(recipe, kind, scale):
    state = torch.get_rng_state()
    degradation = load_degradation(recipe)
    assert isinstance(degradation, kind)
    assert degradation.scale == scale
    assert torch.equal(state, torch.get_rng_state())
    clean = torch.rand(1, 3, 8 * scale, 8 * scale)
    assert degradation.degrade_each(clean, [0]).shape == (1, 3, 8, 8)


def test_the_sigma_of_a_task_that_is_told_no_degradation_is_taken(tmp_path):
    content = yaml.safe_load((ROOT / "configs" / "mwcnn.yaml").read_text())
    content["model"]["init_args"]["sigma"] = 40
    (tmp_path / "forty.yaml").write_text(yaml.safe_dump(content))
    assert load_degradation(str(tmp_path / "forty.yaml")).sigma == (40, 40)


def test_a_recipe_for_pairs_has_no_degradation_to_show(photos, tmp_path, capsys):
    assert run(photos, "--config", "nafnet_sidd", "--output", tmp_path / "out") == 1
    assert "it is for pairs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("class_path: restore.degradation.GaussianNoise\ninit_args: {sigma: [20, 10]}\n", "sigma is one number"),
        ("class_path: restore.degradation.GausianNoise\n", "GausianNoise"),
        ("class_path: restore.degradation.GaussianNoise\ninit_args: {sgima: 3}\n", "sgima"),
        ("model: {init_args: {network: x}}\n", "names no degradation"),
        ("model: 3\n", "names no degradation"),
        ("model: {class_path: restore.tasks.SuperResolution, init_args: {network: {class_path: RCAM}}}\n", "RCAM"),
        ("a: [\n", "cannot be read as YAML"),
    ],
)
def test_a_wrong_recipe_is_told(content, message, photos, tmp_path, capsys):
    file = tmp_path / "wrong.yaml"
    file.write_text(content)
    assert run(photos, "--config", file, "--output", tmp_path / "out") == 1
    said = capsys.readouterr().err
    assert message in said
    assert "wrong.yaml" in said
    assert not (tmp_path / "out").exists()


def test_wrong_words_are_told(photos, noise, tmp_path, capsys):
    for wrong, near in (("bsrga", "bsrgan"), ("rcam", "rcan"), ("degradations/bsrgam", "bsrgan")):
        assert run(photos, "--config", wrong, "--output", tmp_path / "out") == 1
        said = capsys.readouterr().err
        assert f"There is no recipe '{wrong}'" in said
        assert f"Did you mean '{near}'?" in said
    (tmp_path / "empty").mkdir()
    assert run(tmp_path / "empty", "--config", noise, "--output", tmp_path / "out") == 1
    assert "no pictures" in capsys.readouterr().err
    for wrong in (["--draws", "0"], ["--seed", "x"], ["--cell", "3"]):
        with pytest.raises(SystemExit):
            run(photos, "--config", noise, "--output", tmp_path / "out", *wrong)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_keeps_the_pictures_of_a_batch_apart(recipe):
    degradation = load_degradation(recipe)
    assert degradation.scale == 4
    assert degradation.border == "symmetric"
    clean = torch.rand(6, 3, 48, 64, generator=torch.Generator().manual_seed(0))
    together = degradation.degrade_each(clean, range(6))
    assert together.shape == (6, 3, 12, 16)
    assert together.min() >= 0
    assert together.max() <= 1
    torch.testing.assert_close((together * 255).round() / 255, together)
    split = [degradation.degrade_each(clean[part], range(6)[part]) for part in (slice(0, 1), slice(1, 4), slice(4, 6))]
    assert torch.equal(together, torch.cat(split))


def test_bsrgan_shuffles_and_reaches_the_final_size_after_the_first_resize():
    shuffle = load_degradation("bsrgan").steps[1]
    assert isinstance(shuffle, Shuffle)
    for drawn in shuffle.draw_each(torch.zeros(50, 3, 16, 16), range(50)):
        assert drawn["order"].index(2) < drawn["order"].index(3)


def test_bsrgan_s_sizes_are_those_of_the_authors_program():
    """The first resize ends between an eighth and the whole; where the picture is halved first, and the half."""
    degradation = load_degradation("bsrgan")
    firsts: dict[int, list[int]] = {240: [], 120: []}
    for drawn in degradation.draw_each(torch.zeros(1000, 3, 240, 240), range(1000)):
        plan = [
            own["size"] if "method" in own else (60, 60)
            for step, own in degradation.unfold(drawn)
            if isinstance(step, RandomResize | ResizeTo | Decimate)
        ]
        halved = drawn["steps"][0]["happens"]
        assert plan.pop() == (60, 60)
        assert not halved or plan.pop(0) == (120, 120)
        (first,) = plan
        firsts[120 if halved else 240].append(first[0])
    assert len(firsts[120]) / 1000 == pytest.approx(0.25, abs=0.05)
    for most, sides in firsts.items():
        assert 30 <= min(sides) < 33
        assert 0.95 * most < max(sides) <= most
    together = firsts[240] + firsts[120]
    assert together.count(60) / 1000 == pytest.approx(0.26, abs=0.05)  # every fourth pixel, or by chance


def test_real_esrgan_s_second_resize_counts_from_the_final_size():
    degradation = load_degradation("realesrgan")
    for drawn in degradation.draw_each(torch.zeros(100, 3, 400, 400), range(100)):
        first, second, last = (
            own for step, own in degradation.unfold(drawn) if isinstance(step, RandomResize | ResizeTo)
        )
        assert 60 <= first["size"][0] <= 600
        assert 30 <= second["size"][0] <= 120
        assert last["size"] == (100, 100)


@pytest.mark.parametrize("recipe", RECIPES)
def test_patches_of_a_super_resolution_task_come_out_at_the_right_sizes(recipe):
    degradation = load_degradation(recipe)
    task = SuperResolution(RCAN(scale=4, width=16, groups=1, blocks=1), degradation)
    task._trainer = SimpleNamespace(training=True, predicting=False, current_epoch=0, barebones=False)
    side = (8 + 2 * degradation.margin) * 4
    target = torch.randint(0, 256, (2, 3, side, side), dtype=torch.uint8)
    batch = task.on_after_batch_transfer({"target": target, "name": ["a", "b"], "index": torch.arange(2)}, 0)
    assert batch["degraded"].shape == (2, 3, 8, 8)
    assert batch["target"].shape == (2, 3, 32, 32)


def test_the_page_names_every_recipe_and_shows_what_it_names():
    page = (ROOT / "docs" / "degradations.md").read_text(encoding="utf-8")
    recipes = {path.relative_to(ROOT / "configs").with_suffix("").as_posix() for path in ROOT.glob("configs/**/*.yaml")}
    assert [name for name in sorted(recipes) if f"`{name.removeprefix('degradations/')}`" not in page] == []
    shown = set(re.findall(r"\(images/(\S+)\)", page))
    assert shown == {path.name for path in (ROOT / "docs" / "images").glob("degradation_*")}
    for recipe in re.findall(r"^\| \[`(\w+)`\]", page, re.MULTILINE):
        assert f"degradation_{recipe}.jpg" in shown


@pytest.mark.slow
def test_a_super_resolution_recipe_trains_on_it(photos, tmp_path):
    file = ROOT / "configs" / "degradations" / "bsrgan.yaml"
    content = yaml.safe_load((ROOT / "configs" / "rcan_small.yaml").read_text())
    content["model"]["init_args"]["degradation"] = str(file)
    content["model"]["init_args"]["network"]["init_args"] |= {"scale": 4, "width": 16, "groups": 1, "blocks": 1}
    content["data"]["init_args"] |= {
        "scale": 4, "root": str(photos), "validation": {"small": str(photos)}, "patch_size": 8, "batch_size": 2,
        "patches_per_epoch": 4, "workers": 0,
    }  # fmt: skip
    content["trainer"] |= {"max_steps": 2, "callbacks": None, "logger": False}
    (tmp_path / "sr.yaml").write_text(yaml.safe_dump(content))
    words = ["fit", "--config", str(tmp_path / "sr.yaml"), "--runs", str(tmp_path / "runs"), "--logger", "none"]
    assert main(words) == 0
    assert load_degradation(str(tmp_path / "sr.yaml")).scale == 4


def test_the_margin_of_a_chain_with_fixed_steps_is_exact():
    chain = Chain([GaussianBlur(1.5, 9), ResizeTo(2, ["lanczos"])])
    assert chain.margin == 5
    clean = torch.rand(1, 3, 60, 60, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    whole = chain.degrade_each(clean, [0])
    patch = chain.degrade_each(clean[..., 6:46, 10:50], [0])[..., 5:-5, 5:-5]
    torch.testing.assert_close(patch, whole[..., 8:18, 10:20])
