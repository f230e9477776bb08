"""Perceptual measures of kept libraries: LPIPS and DISTS of torchmetrics, NIQE of pyiqa; lower is better in all three.

Papers: Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018,
https://arxiv.org/abs/1801.03924 (LPIPS, version 0.1 on AlexNet, as tables have it); Ding et al., "Image Quality
Assessment: Unifying Structure and Texture Similarity", TPAMI 2020, https://arxiv.org/abs/2004.07728; Mittal et al.,
"Making a 'Completely Blind' Image Quality Analyzer", IEEE SPL 2013, https://doi.org/10.1109/LSP.2012.2227726.

torchmetrics (Apache-2.0) takes AlexNet and VGG16 from torchvision (BSD-3-Clause), which downloads their weights once.
pyiqa is under the PolyForm Noncommercial licence, so it is an extra of its own, and its parameters are downloaded too.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pickle import UnpicklingError

import torch
from torch import Tensor

from restore.errors import ConfigError, ShapeError
from restore.metrics.psnr import check_pair

PATIENCE = 20.0
"""Seconds that a server of weights may stay silent before it counts as out of reach."""
_SMALLEST = {"lpips": 32, "dists": 32, "niqe": 192}  # pixels of a side; NIQE takes statistics over blocks of 96


@dataclass(frozen=True)
class Perceptual:
    """A measure that is ready to be taken."""

    name: str
    library: str
    """What computes it, with versions: it stands beside the numbers."""
    measure: Callable[[Tensor, Tensor], Tensor]

    @torch.no_grad()
    def __call__(self, restored: Tensor, target: Tensor) -> Tensor:
        """One value a picture, computed on the CPU; NIQE looks at the restored picture alone.

        Shape:
            two times (N, 3, H, W) in [0, 1], values outside are clamped -> (N,), float64.

        Raises:
            ShapeError: the two differ in shape, are not RGB, or are too small for the measure.
        """
        check_pair(restored, target)
        least = _SMALLEST[self.name]
        if restored.shape[1] != 3 or min(restored.shape[-2:]) < least:
            raise ShapeError(
                f"{self.name} takes RGB pictures of at least {least} x {least} pixels, got {tuple(restored.shape)}. "
                "Leave the picture or the measure out."
            )
        pairs = zip(*(part.float().clamp(0, 1).cpu().split(1) for part in (restored, target)), strict=True)
        return torch.stack([self.measure(*pair).reshape(()).double() for pair in pairs])  # (N,)


def perceptual(name: str) -> Perceptual:
    """The measure `niqe`, `lpips` or `dists`; imports its library and opens its weights.

    Raises:
        ConfigError: there is no such measure; its library is absent or cannot be imported; or its weights are not at
            hand and cannot be downloaded. The message says which, and what to do.
    """
    if name not in _OPENED_BY:
        raise ConfigError(f"There is no perceptual measure {name!r}. Choose one of {', '.join(_OPENED_BY)}.")
    return _OPENED_BY[name]()


def _lpips() -> Perceptual:
    with _importing("lpips", "torchvision", "perceptual"):
        import torchvision  # noqa: F401
        from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity
    with _downloading("lpips"):
        network = LearnedPerceptualImagePatchSimilarity(net_type="alex", normalize=True).net
    return Perceptual("lpips", _told("torchmetrics", "torchvision"), lambda x, y: network(x, y, normalize=True))


def _dists() -> Perceptual:
    with _importing("dists", "torchvision", "perceptual"):
        import torchvision  # noqa: F401
        from torchmetrics.functional.image.dists import DISTSNetwork
    with _downloading("dists"):
        network = DISTSNetwork()  # torchmetrics' function would open 550 MB of weights for every picture
    return Perceptual("dists", _told("torchmetrics", "torchvision"), lambda x, y: network(x, y))


def _niqe() -> Perceptual:
    with _importing("niqe", "pyiqa", "niqe"):
        import pyiqa
        import pyiqa.archs.niqe_arch  # create_metric would import it later
    with _downloading("niqe"):
        network = pyiqa.create_metric("niqe", device=torch.device("cpu"))
    return Perceptual("niqe", _told("pyiqa"), lambda x, _: network(x))


_OPENED_BY: dict[str, Callable[[], Perceptual]] = {"niqe": _niqe, "lpips": _lpips, "dists": _dists}


@contextmanager
def _importing(name: str, package: str, extra: str) -> Iterator[None]:
    """Say plainly what is wrong with a library."""
    licence = " (pyiqa's licence allows noncommercial use only)" if package == "pyiqa" else ""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name == package:
            raise ConfigError(
                f"{name} needs {package}, which is not installed. Install it: pip install 'restore[{extra}]'{licence}."
            ) from error
        raise ConfigError(f"{package} is installed but lacks {error.name}: pip install {error.name}.") from error
    except (ImportError, RuntimeError, AttributeError) as error:
        raise ConfigError(
            f"{name} needs {_told(package)}, which cannot be imported beside torch {torch.__version__} "
            f"({_first_line(error)}). torchvision must be built for the very torch that is installed: take both from "
            "one index."
        ) from error


@contextmanager
def _downloading(name: str) -> Iterator[None]:
    """Say plainly that weights are out of reach, and do not wait for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        yield
    except (OSError, EOFError, RuntimeError, UnpicklingError) as error:
        raise ConfigError(
            f"The weights of {name} are not at hand or damaged, and could not be downloaded "
            f"({_first_line(error)}). Run this once with a network, after removing what is damaged; they "
            f"are kept in {torch.hub.get_dir()}."
        ) from error
    finally:
        socket.setdefaulttimeout(before)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _told(*packages: str) -> str:
    """Packages with their versions."""
    return ", ".join(f"{package} {_version(package)}" for package in packages)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "of no known version"
