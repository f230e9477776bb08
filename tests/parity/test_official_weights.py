"""The authors' own weights, where the reference material lies beside the repository."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from restore.commands.evaluate import main as evaluate
from restore.zoo.convert import convert_file, load_official, to_official
from restore.zoo.official_file import read_official_file

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("RESTORE_SHARED") or ROOT.parent / "shared")
REFERENCE = SHARED / "reference"
GOLDENS = REFERENCE / "goldens"


def weights(name: str) -> Path:
    """The released file, or a skip that names it."""
    return there(REFERENCE / "weights" / name)


def there(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"no reference material: {path} is missing (RESTORE_SHARED names its folder)")
    return path


SPECS = {
    "dncnn_25.pth": ("DnCNN", {"image_channels": 1, "width": 64, "depth": 17, "normalization": False}),
    "IMDN_x4.pth": (
        "IMDN",
        {
            "scale": 4,
            "image_channels": 3,
            "width": 64,
            "blocks": 6,
            "attention": {"class_path": "restore.attention.ContrastChannelAttention", "init_args": {"reduction": 16}},
        },
    ),
    "RFDN_AIM.pth": (
        "RFDN",
        {
            "scale": 4,
            "image_channels": 3,
            "width": 50,
            "blocks": 4,
            "pixel_range": 255.0,
            "attention": {"class_path": "restore.attention.EnhancedSpatialAttention", "init_args": {"reduction": 4}},
        },
    ),
    "PANx4_DF2K.pth": ("PAN", {"scale": 4, "image_channels": 3, "width": 40, "up_width": 24, "blocks": 16}),
}


@pytest.mark.parametrize("file", SPECS)
def test_released_weights_are_recognised_and_survive_the_way_back(file: str):
    path = weights(file)
    name, options = SPECS[file]

    converted = convert_file(path)

    assert converted.spec == {"class_path": f"restore.networks.{name}", "init_args": options}
    original, back = read_official_file(path).state, to_official(converted.network)
    assert set(back) == set(original)
    assert all(torch.equal(back[key], tensor) for key, tensor in original.items())


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 2e-6)])
def test_released_dncnn_restores_as_the_authors_did(dtype: torch.dtype, tolerance: float):
    network = load_official(weights("dncnn_25.pth")).to(dtype)
    with np.load(there(GOLDENS / "dncnn25_real_io.npz")) as stored:
        noisy, expected = torch.from_numpy(stored["x"]), torch.from_numpy(stored["y_float64"])

    with torch.no_grad():
        restored = network(noisy.to(dtype))

    assert (restored.double() - expected).abs().max() <= tolerance


SCORED = {"IMDN_x4.pth": ("imdn_x4", 1), "RFDN_AIM.pth": ("rfdn_aim_x4", 255), "PANx4_DF2K.pth": ("pansr_x4", 1)}
"""File -> the name of its records, and the range that the authors' network gives."""


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, "tol_rel_f64"), (torch.float32, "tol_rel_f32")])
@pytest.mark.parametrize("file", SCORED)
def test_released_weights_enlarge_as_the_authors_did(file: str, dtype: torch.dtype, tolerance: str):
    network = load_official(weights(file)).to(dtype)
    name, white = SCORED[file]
    record = json.loads(there(GOLDENS / f"{name}_real_io.json").read_text())
    with np.load(GOLDENS / f"{name}_real_io.npz") as stored:
        small = torch.from_numpy(stored["lr_uint8"]).permute(2, 0, 1)[None]
        expected = torch.from_numpy(stored["y"]).double() / white

    with torch.no_grad():
        restored = network(small.to(dtype) / 255).double()

    assert (restored - expected).abs().max() <= record[tolerance] * expected.abs().max()


@pytest.mark.slow
@pytest.mark.parametrize("file", SCORED)
def test_released_weights_score_on_set5_as_the_authors_do(tmp_path: Path, file: str):
    path, name = weights(file), SCORED[file][0]
    pictures, small = (there(SHARED / "data/test" / part) for part in ("set5", "set5_matlab_lr_replicate/x4"))
    record = json.loads(there(GOLDENS / f"{name}_real_psnr.json").read_text())
    expected = record["results"]["set5_matlab_lr_replicate/x4"]

    words = ["--checkpoint", path, "--data", pictures, "--lr", small, "--protocol", "sr-y", "--device", "cpu"]
    assert evaluate([str(word) for word in [*words, "--json", tmp_path / "scores.json"]]) == 0

    found = json.loads((tmp_path / "scores.json").read_text())
    assert [f"{row['name']}.png" for row in found["pictures"]] == [row["name"] for row in expected["images"]]
    for row, image in zip(found["pictures"], expected["images"], strict=True):
        assert row["psnr"] == pytest.approx(image["psnr_y"], abs=1e-3)
        assert row["ssim"] == pytest.approx(image["ssim_y"], abs=1e-5)
    assert found["mean"]["psnr"] == pytest.approx(expected["mean"]["psnr_y"], abs=1e-3)
