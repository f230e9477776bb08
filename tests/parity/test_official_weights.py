"""The authors' own weights, where the reference material lies beside the repository."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from restore.networks import DnCNN
from restore.zoo.convert import convert_file, read_official_state, to_official

ROOT = Path(__file__).parents[2]
REFERENCE = Path(os.environ.get("RESTORE_SHARED") or ROOT.parent / "shared") / "reference"
WEIGHTS = REFERENCE / "weights" / "dncnn_25.pth"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not WEIGHTS.exists(), reason=f"no reference material: {WEIGHTS} is missing"),
]


def test_released_dncnn_is_recognised_and_survives_the_way_back():
    converted = convert_file(WEIGHTS)

    assert isinstance(converted.network, DnCNN)
    assert converted.spec == {
        "class_path": "restore.networks.DnCNN",
        "init_args": {"image_channels": 1, "width": 64, "depth": 17, "normalization": False},
    }
    original, back = read_official_state(WEIGHTS), to_official(converted.network)
    assert list(back) == list(original)
    assert all(torch.equal(back[name], tensor) for name, tensor in original.items())


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 2e-6)])
def test_released_dncnn_restores_as_the_authors_did(dtype: torch.dtype, tolerance: float):
    network = convert_file(WEIGHTS).network.to(dtype)
    with np.load(REFERENCE / "goldens" / "dncnn25_real_io.npz") as stored:
        noisy, expected = torch.from_numpy(stored["x"]), torch.from_numpy(stored["y_float64"])

    with torch.no_grad():
        restored = network(noisy.to(dtype))

    assert (restored.double() - expected).abs().max() <= tolerance
