"""Perceptual measures: what is said where a library or its weights are missing, and what they compute.

The libraries are not among the tests' packages; beside stand-ins of their networks, the real ones are run where they
can be had (see tests/torchvision_stub.py):

    pip install --target PEERS --no-deps torchvision==0.28.0 pyiqa==0.1.16
    PYTHONPATH=PEERS:. python -m pytest -p tests.torchvision_stub -rs tests/metrics/test_perceptual.py
"""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
import urllib.error
from types import ModuleType, SimpleNamespace

import pytest
import torch
from torch import nn

from restore.errors import ConfigError, ShapeError
from restore.metrics import Perceptual, perceptual
from restore.metrics.perceptual import PATIENCE

NAMES = ("niqe", "lpips", "dists")
PACKAGE = {"niqe": "pyiqa", "lpips": "torchvision", "dists": "torchvision"}
REAL_TORCHVISION = importlib.util.find_spec("torchvision") is not None


def pair(count=2, size=64):
    generator = torch.Generator().manual_seed(0)
    target = torch.rand(count, 3, size, size, generator=generator)
    return (target + 0.1 * torch.randn(target.shape, generator=generator)).clamp(0, 1), target


def fake_pyiqa(monkeypatch, create_metric):
    """A pyiqa that makes this metric."""
    package, archs, arch = (ModuleType(f"pyiqa{rest}") for rest in ("", ".archs", ".archs.niqe_arch"))
    package.create_metric, package.archs, archs.niqe_arch = create_metric, archs, arch
    for module in (package, archs, arch):
        module.__path__ = []
        monkeypatch.setitem(sys.modules, module.__name__, module)


def alexnet_features():
    """The layers of AlexNet that LPIPS looks at (Krizhevsky, arXiv:1404.5997), with weights of no training."""
    torch.manual_seed(0)
    widths, layers = (64, 192, 384, 256, 256), []
    for number, (width, before) in enumerate(zip(widths, (3, *widths), strict=False)):
        kernel, stride, padding = ((11, 4, 2), (5, 1, 2), (3, 1, 1))[min(number, 2)]
        layers += [nn.Conv2d(before, width, kernel, stride, padding), nn.ReLU()]
        layers += [nn.MaxPool2d(3, 2)] if number in (0, 1) else []
    return nn.Sequential(*layers)


@pytest.fixture
def stand_in(monkeypatch):
    """A torchvision that has one network, without trained weights; torchmetrics brings LPIPS's own weights."""
    import torchmetrics.functional.image.lpips as functional

    asked = []
    features = alexnet_features()

    def alexnet(weights):
        asked.append(weights)
        return SimpleNamespace(features=features)

    fake = ModuleType("torchvision")
    fake.models = SimpleNamespace(alexnet=alexnet, AlexNet_Weights=SimpleNamespace(DEFAULT="trained"))
    monkeypatch.setitem(sys.modules, "torchvision", fake)
    monkeypatch.setattr(functional, "_TORCHVISION_AVAILABLE", True)
    lpip = pytest.importorskip("torchmetrics.image.lpip")
    monkeypatch.setattr(lpip, "_TORCHVISION_AVAILABLE", True)
    return features, asked


def expected_lpips(features, restored, target):
    """The paper's equation 1 with torchmetrics' linear weights: unit-length features, squared, weighted, averaged."""
    from pathlib import Path

    import torchmetrics.functional.image.lpips as functional

    file = Path(functional.__file__).parent / "lpips_models" / "alex.pth"
    weights = torch.load(file, map_location="cpu", weights_only=True)
    shift, scale = torch.tensor([-0.030, -0.088, -0.188]), torch.tensor([0.458, 0.448, 0.450])
    x, y = ((2 * part - 1 - shift[:, None, None]) / scale[:, None, None] for part in (restored, target))
    total, stage = torch.zeros(len(restored)), 0
    for layer in features:
        x, y = layer(x), layer(y)
        if isinstance(layer, nn.ReLU):
            unit = [part / (part.square().sum(1, keepdim=True) + 1e-8).sqrt() for part in (x, y)]
            total += ((unit[0] - unit[1]).square() * weights[f"lin{stage}.model.1.weight"]).sum(1).mean((1, 2))
            stage += 1
    return total.detach()


@pytest.mark.parametrize("name", NAMES)
def test_an_absent_library_is_named_with_the_line_that_installs_it(name, monkeypatch):
    monkeypatch.setitem(sys.modules, PACKAGE[name], None)
    extra = "niqe" if name == "niqe" else "perceptual"
    with pytest.raises(
        ConfigError, match=rf"{name} needs {PACKAGE[name]}.*not installed.*'restore\[{extra}\]'"
    ) as error:
        perceptual(name)
    assert ("noncommercial" in str(error.value)) == (name == "niqe")


@pytest.mark.parametrize("name", NAMES)
def test_a_library_that_cannot_be_imported_is_told_apart(name, monkeypatch, tmp_path):
    """As torchvision does that was built for another torch."""
    folder = tmp_path / PACKAGE[name]
    folder.mkdir()
    (folder / "__init__.py").write_text("raise RuntimeError('operator torchvision::nms does not exist')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, PACKAGE[name], raising=False)
    with pytest.raises(ConfigError, match=r"cannot be imported beside torch .*nms.*one index"):
        perceptual(name)


def test_a_library_that_lacks_a_library_is_told_apart(monkeypatch, tmp_path):
    (tmp_path / "pyiqa.py").write_text("import a_library_of_no_name\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "pyiqa", raising=False)
    with pytest.raises(ConfigError, match="pyiqa is installed but lacks a_library_of_no_name"):
        perceptual("niqe")


@pytest.mark.parametrize(
    "error",
    [urllib.error.URLError("Name or service not known"), TimeoutError("timed out"), RuntimeError("invalid hash value")],
    ids=lambda error: type(error).__name__,
)
def test_weights_out_of_reach_are_told_and_not_waited_for_without_end(monkeypatch, error):
    waited = []

    def create_metric(name, device):
        waited.append(socket.getdefaulttimeout())
        raise error

    fake_pyiqa(monkeypatch, create_metric)
    before = socket.getdefaulttimeout()
    with pytest.raises(ConfigError, match=r"weights of niqe are not at hand.*(known|timed out|hash).*kept in"):
        perceptual("niqe")
    assert waited == [PATIENCE]
    assert socket.getdefaulttimeout() == before


@pytest.mark.skipif(REAL_TORCHVISION, reason="the stand-in is for machines without torchvision")
def test_lpips_of_torchmetrics_is_the_paper_s_formula(stand_in):
    features, asked = stand_in
    restored, target = pair()
    measure = perceptual("lpips")
    assert asked == ["trained"]
    assert measure.library.startswith("torchmetrics 1.")
    found = measure(restored, target)
    assert found.dtype == torch.float64
    assert found.tolist() == pytest.approx(expected_lpips(features, restored, target).tolist(), rel=1e-4)
    assert measure(target, target).tolist() == [0, 0]
    assert found[0].item() == pytest.approx(measure(restored[:1], target[:1]).item(), rel=1e-5)
    assert torch.equal(measure(restored * 3 - 1, target), measure((restored * 3 - 1).clamp(0, 1), target))


def test_niqe_is_what_pyiqa_says_of_the_restored_picture_alone(monkeypatch):
    fake_pyiqa(monkeypatch, lambda name, device: lambda x: x.mean() * {"niqe": 10}[name])
    restored, target = pair(size=200)
    expected = (restored.mean((1, 2, 3)) * 10).tolist()
    assert perceptual("niqe")(restored, target).tolist() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "shape"), [("niqe", (1, 3, 191, 300)), ("lpips", (1, 3, 31, 64)), ("dists", (1, 1, 64, 64))]
)
def test_pictures_that_a_measure_cannot_take_are_refused(name, shape):
    measure = Perceptual(name, "none", lambda x, y: x.mean())
    with pytest.raises(ShapeError, match="takes RGB pictures of at least"):
        measure(torch.rand(shape), torch.rand(shape))


def test_another_name_is_refused():
    with pytest.raises(ConfigError, match="niqe, lpips, dists"):
        perceptual("lpips-vgg")


def test_a_torchvision_for_another_torch_is_one_line_on_the_command_line(tmp_path):
    """torchmetrics imports it wherever it is installed, so every command meets it."""
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").write_text(
        "raise RuntimeError('operator torchvision::nms does not exist')"
    )
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import restore.main as m; sys.exit(m.main(sys.argv[1:]))"
    )
    words = ["evaluate", "noisy", "--data", str(tmp_path), "--protocol", "real-srgb"]
    told = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
    assert told.returncode == 1
    assert told.stderr.startswith("restore: error: torchvision is installed, but built for another torch")
    assert len(told.stderr.splitlines()) == 1


@pytest.mark.skipif(not REAL_TORCHVISION, reason="torchvision is not installed")
def test_real_torchvision_s_alexnet_fits(monkeypatch):
    """With weights of no training: theirs are downloaded."""
    import torchvision
    from torchvision.models import AlexNet_Weights

    torch.manual_seed(0)
    network = torchvision.models.alexnet(weights=None)
    monkeypatch.setattr(AlexNet_Weights, "get_state_dict", lambda *_, **__: network.state_dict())
    restored, target = pair()
    found = perceptual("lpips")(restored, target)
    expected = expected_lpips(network.features[:12].eval(), restored, target)
    assert found.tolist() == pytest.approx(expected.tolist(), rel=1e-4)


@pytest.mark.skipif(not REAL_TORCHVISION, reason="torchvision is not installed")
def test_dists_is_opened_once_and_one_value_a_picture(monkeypatch):
    import torchmetrics.functional.image.dists as functional
    from torchvision.models.vgg import cfgs, make_layers

    torch.manual_seed(0)
    made = []
    features = make_layers(cfgs["D"])
    monkeypatch.setattr(functional, "vgg16", lambda weights: made.append(weights) or SimpleNamespace(features=features))
    restored, target = pair()
    measure = perceptual("dists")
    found = measure(restored, target)
    assert measure(target, target).tolist() == pytest.approx([0, 0], abs=1e-5)
    assert all(0 < value < 1 for value in found)
    assert found[1].item() == pytest.approx(measure(restored[1:], target[1:]).item(), rel=1e-5)
    assert len(made) == 1


@pytest.mark.skipif(importlib.util.find_spec("pyiqa") is None, reason="pyiqa is not installed")
def test_real_pyiqa_takes_the_same_call(monkeypatch, tmp_path):
    """With made-up parameters of natural pictures: the published ones are downloaded."""
    import numpy as np
    import scipy.io

    niqe = pytest.importorskip("pyiqa.archs.niqe_arch")
    random = np.random.default_rng(0)
    spread = random.normal(size=(36, 72))
    scipy.io.savemat(
        tmp_path / "niqe.mat", {"mu_prisparam": random.normal(size=(1, 36)), "cov_prisparam": spread @ spread.T}
    )
    monkeypatch.setattr(niqe, "load_file_from_url", lambda _: str(tmp_path / "niqe.mat"))
    restored, target = pair(size=200)
    measure = perceptual("niqe")
    found = measure(restored, target)
    assert measure.library.startswith("pyiqa 0.")
    assert bool(found.isfinite().all())
    assert not torch.equal(found, measure(target, target))
    assert torch.equal(found, measure(restored, 1 - target))
