"""The named evaluation protocols: what is done to two pictures before they are compared.

`docs/protocols.md` says what each is for and where its anchors come from. A protocol only compares: noise and
low-resolution pictures are made elsewhere (`restore.degradation`).
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from restore.errors import ConfigError, ShapeError
from restore.metrics.luminance import luminance
from restore.metrics.psnr import check_pair, psnr
from restore.metrics.ssim import ssim
from restore.metrics.ssim_3d import ssim_3d


class Scores(NamedTuple):
    """What a protocol says of N pictures."""

    psnr: Tensor
    """(N,), dB."""
    ssim: Tensor
    """(N,)."""


@dataclass(frozen=True)
class Protocol:
    """How a restored picture is compared with its target.

    Both are clamped to [0, 1] and, but for raw planes, rounded half-even to 8 bit.
    """

    name: str
    """The name that stands beside every number."""
    channels: Literal["luminance", "rgb", "gray", "raw"]
    """What is compared: Y of an RGB picture (a gray one as it is), the three channels, one channel, or raw planes."""
    cut_border: bool
    """Whether `scale` pixels are cut on each side before comparing."""
    purpose: str
    """What the protocol is for, in a line."""
    window: Literal["plane", "volume"] = "plane"
    """SSIM's: over rows and columns of each channel, or over rows, columns and channels."""

    def prepare(self, picture: Tensor, scale: int = 1) -> Tensor:
        """The picture as it is compared: quantised, converted to the channels, border cut, float64.

        Args:
            picture: (N, C, H, W) in [0, 1], values outside are clamped.
            scale: of the super-resolution that made it, 1 for denoising.

        Raises:
            ShapeError: the picture has the wrong number of channels, or nothing is left of it.
        """
        self._check(picture, scale)
        if picture.device.type == "mps":
            picture = picture.cpu()  # Apple GPUs have no float64
        quantised = picture.to(torch.float64).clamp(0, 1)
        if self.channels != "raw":
            quantised = (quantised * 255).round() / 255
        if self.channels == "luminance" and picture.shape[1] == 3:
            quantised = luminance(quantised)  # (N, 1, H, W)
        border = scale if self.cut_border else 0
        return quantised[..., border : picture.shape[-2] - border, border : picture.shape[-1] - border]

    def psnr(self, restored: Tensor, target: Tensor, scale: int = 1) -> Tensor:
        """PSNR in dB of each picture, (N,) float64."""
        return psnr(*self._prepare_both(restored, target, scale))

    def ssim(self, restored: Tensor, target: Tensor, scale: int = 1) -> Tensor:
        """SSIM of each picture, (N,) float64."""
        return self._ssim(*self._prepare_both(restored, target, scale))

    def compare(self, restored: Tensor, target: Tensor, scale: int = 1) -> Scores:
        """PSNR and SSIM of each picture.

        Raises:
            ShapeError: the pictures do not fit each other or the protocol, or are too small for SSIM.
        """
        ready = self._prepare_both(restored, target, scale)
        return Scores(psnr=psnr(*ready), ssim=self._ssim(*ready))

    def _ssim(self, restored: Tensor, target: Tensor) -> Tensor:
        return (ssim_3d if self.window == "volume" else ssim)(restored, target)

    def _prepare_both(self, restored: Tensor, target: Tensor, scale: int) -> tuple[Tensor, Tensor]:
        check_pair(restored, target)
        return self.prepare(restored, scale), self.prepare(target, scale)

    def _check(self, picture: Tensor, scale: int) -> None:
        if scale < 1:
            raise ConfigError(f"scale is how many times larger the restored picture is, 1 or more, got {scale}.")
        wanted = {"luminance": (1, 3), "rgb": (3,), "gray": (1,), "raw": (1, 4)}[self.channels]
        if picture.dim() != 4 or picture.shape[1] not in wanted:
            other = {"awgn-rgb": "awgn-gray", "awgn-gray": "awgn-rgb", "sr-rgb": "sr-y"}.get(self.name)
            advice = f"Use {other}, or convert the pictures." if other else "Convert the pictures."
            raise ShapeError(
                f"{self.name} compares (N, {' or '.join(map(str, wanted))}, H, W), got {tuple(picture.shape)}. {advice}"
            )
        if self.cut_border and min(picture.shape[-2:]) <= 2 * scale:
            raise ShapeError(
                f"{self.name} cuts {scale} pixels on each side; nothing is left of "
                f"{picture.shape[-2]} x {picture.shape[-1]} pixels. Leave the picture out."
            )


PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        Protocol("sr-y", "luminance", True, "super-resolution tables: luma, border of scale pixels cut"),
        Protocol("sr-rgb", "rgb", True, "super-resolution in colour, border of scale pixels cut"),
        Protocol("awgn-rgb", "rgb", False, "colour Gaussian denoising, noise neither clipped nor rounded"),
        Protocol("awgn-gray", "gray", False, "gray Gaussian denoising, noise neither clipped nor rounded"),
        Protocol("real-srgb", "rgb", False, "real camera noise, the files as they are"),
        Protocol("sidd-srgb", "rgb", False, "SIDD's tables: as real-srgb, SSIM's window over channels too", "volume"),
        Protocol("real-raw", "raw", False, "raw planes in training, a mosaic or four packed planes; not rounded"),
    )
}


def find_protocol(name: str) -> Protocol:
    """The protocol of that name.

    Raises:
        ConfigError: there is none; the message lists all and names the nearest.
    """
    if name in PROTOCOLS:
        return PROTOCOLS[name]
    near = get_close_matches(name, PROTOCOLS, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ConfigError(f"There is no protocol {name!r}; there are {', '.join(PROTOCOLS)}.{hint}")
