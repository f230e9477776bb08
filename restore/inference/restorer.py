"""A network made ready for use: give it a picture, get the restored one in the same form."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable
from typing import Literal, cast, overload

import numpy as np
import torch
from torch import Tensor

from restore.errors import ConfigError, DataError, ShapeError
from restore.images import to_pixels, to_tensor
from restore.images.picture import Pixels
from restore.inference.device import find_device
from restore.inference.fastest import Setting, fastest_setting
from restore.inference.local_pooling import TRAIN_SIZE, warn_of_global, with_local_pooling
from restore.inference.memory import auto_tile
from restore.inference.self_ensemble import self_ensemble as averaged
from restore.inference.suitable import check_takes_pictures, checked_sigma, checked_tile
from restore.inference.tiling import default_overlap, restore_strips, tile_grid
from restore.networks import RestorationNetwork

Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "fp32", "bf16"]
LocalPooling = Literal["auto", "on", "off"]

_LARGEST_FLOAT = 16.0
"""Floats are meant to lie in [0, 1]; a highlight may be brighter, but not this bright."""


class Restorer:
    """Restores pictures of any size in tiles, so that memory is bounded.

    An RGB network restores a gray picture three times over and averages; a gray network restores the channels of
    an RGB picture one by one.

    Args:
        network: is copied, set to eval mode and moved; the caller's stays as it is.
        device: "auto" is CUDA where there is one, else the CPU.
        precision: "auto" is what was measured to be quickest for this network on such a device (`fastest_setting`),
            or else bf16 where the device computes in it (CUDA from Ampere, CPUs with AMX or AVX512-BF16).
        tile: side of a tile in pixels, or "auto": as large as a memory budget allows.
        self_ensemble: average over the eight flips and turns; eight times slower, a little better.
        sigma: the noise level in 8-bit grey levels, for a network that takes one.
        local_pooling: "auto": a network that pools over the whole picture pools over windows (`with_local_pooling`)
            where the picture is cut into tiles; "on": always; "off": never. `gaussian`, sigma 25, 12 megapixels, by
            benchmarks/seams.py: in tiles of 512, what tiles change falls from 3.5 grey levels at most (0.10 in the
            mean) to 1.2 (0.008); PSNR rises by 0.005 dB, in tiles of 1024 by 0.009; a tile takes half as long again.
        train_size: side of the patches that the network was trained on, in degraded pixels, for local pooling; None
            for what the network says, or 64.

    Raises:
        ConfigError: an option is out of range, the device is missing, sigma does not go with the network, or it takes
            something else than gray or RGB pictures.
    """

    def __init__(
        self,
        network: RestorationNetwork,
        device: Device = "auto",
        precision: Precision = "auto",
        tile: int | Literal["auto"] = "auto",
        self_ensemble: bool = False,
        sigma: float | None = None,
        local_pooling: LocalPooling = "auto",
        train_size: int | None = None,
    ) -> None:
        check_takes_pictures(network)
        self.device = find_device(device)
        setting = fastest_setting(type(network).__name__, self.device, "forward")
        self.precision = _precision(precision, setting)
        self._layout = torch.channels_last if setting.channels_last else torch.contiguous_format
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.network.to(device=self.device, memory_format=self._layout)  # type: ignore[call-overload]
        self.scale = network.scale
        self.self_ensemble = self_ensemble
        self.sigma = checked_sigma(sigma, network)
        self.local_pooling = _local_pooling(local_pooling)
        self.train_size = train_size if train_size is not None else network.train_size or TRAIN_SIZE
        self._local: RestorationNetwork | None = None
        self._tile = None if tile == "auto" else checked_tile(tile, network)

    @property
    def tile(self) -> int:
        """The side of a tile; "auto" is settled when it is first asked for."""
        if self._tile is None:
            network = self.network
            if self.local_pooling != "off":  # windows that fit into the small pictures on which memory is counted
                network = with_local_pooling(network, max(16, network.multiple_of))
            with torch.inference_mode():
                self._tile = auto_tile(network, self.device)
        return self._tile

    @overload
    def __call__(self, picture: Tensor) -> Tensor: ...
    @overload
    def __call__(self, picture: Pixels) -> Pixels: ...
    def __call__(self, picture: Pixels | Tensor) -> Pixels | Tensor:
        """Restore a picture; the result has its type, range, device and number of axes.

        Shape:
            numpy (H, W), (H, W, 1) or (H, W, 3); tensor (C, H, W) or (N, C, H, W), C 1 or 3; uint8, uint16 or floats
            in [0, 1]. Sides come back times `scale`. Integers are clipped and rounded, floats are not.

        Raises:
            ConfigError: floats are far outside [0, 1].
            DataError: the network gave something that is not a number.
            ShapeError: the picture has another shape or type.
        """
        if isinstance(picture, Tensor):
            return self._tensor(picture)
        if not isinstance(picture, np.ndarray):
            raise ShapeError(
                f"Restorer got {type(picture).__name__}. Give an array or a tensor: numpy.asarray(picture)."
            )
        if picture.ndim == 2:
            return self._pixels(picture[:, :, None])[:, :, 0]
        return self._pixels(picture)

    def _tensor(self, picture: Tensor) -> Tensor:
        if picture.dim() == 4:
            return torch.stack([self._tensor(one) for one in picture])  # (N, C, scale * H, scale * W)
        if picture.dim() != 3:
            raise ShapeError(f"Restorer expects (C, H, W) or (N, C, H, W), got {tuple(picture.shape)}. Add the axes.")
        values = picture.detach().to("cpu", torch.float32 if picture.is_floating_point() else picture.dtype)
        restored = torch.from_numpy(self._pixels(values.permute(1, 2, 0).numpy()))  # (H, W, C)
        return restored.permute(2, 0, 1).contiguous().to(picture)  # (C, scale * H, scale * W)

    def _pixels(self, pixels: Pixels) -> Pixels:
        """(H, W, C) -> (scale * H, scale * W, C)."""
        _check(pixels)
        height, width, channels = pixels.shape
        restored = np.empty((height * self.scale, width * self.scale, channels), pixels.dtype)
        tile = max(height, width) if max(height, width) <= 128 else self.tile
        while True:
            try:
                with torch.inference_mode():
                    self._fill(restored, pixels, tile)
            except torch.OutOfMemoryError:
                if tile <= 64:
                    raise
                torch.cuda.empty_cache()
                tile //= 2  # begin again with a quarter of the memory
            else:
                return restored

    def _network(self, tiled: bool) -> RestorationNetwork:
        """The network, or its copy that pools over windows."""
        if self.local_pooling == "off" or (self.local_pooling == "auto" and not tiled):
            return self.network
        if self._local is None:
            self._local = with_local_pooling(self.network, self.train_size)
            warn_of_global(self._local)
        return self._local

    def _fill(self, restored: Pixels, pixels: Pixels, tile: int) -> None:
        height, width = pixels.shape[:2]
        network = self._network(tiled=max(height, width) > tile)
        tile = max(-(-tile // network.multiple_of), 1) * network.multiple_of
        strips = restore_strips(
            lambda part: self._restore(network, part),
            lambda rows, columns: to_tensor(pixels[rows, columns])[None],
            (height, width),
            tile=tile,
            overlap=default_overlap(network, tile),
            scale=self.scale,
            multiple_of=tile_grid(network, tile, (height, width)),
        )
        for top, strip in strips:
            if not torch.isfinite(strip).all():
                raise DataError(
                    "The network gave values that are not numbers. Try the precision fp32, or other weights."
                )
            restored[top : top + strip.shape[-2]] = to_pixels(strip[0], pixels.dtype)

    def _restore(self, network: RestorationNetwork, tile: Tensor) -> Tensor:
        """One tile (1, C, h, w) on the CPU to the restored one on the CPU, by a network of whichever channels."""
        wanted, given = network.image_channels, tile.shape[1]
        if wanted == given:
            return self._run(network, tile)
        if wanted == 1:
            return torch.cat([self._run(network, channel) for channel in tile.split(1, dim=1)], dim=1)  # (1, 3, h, w)
        return self._run(network, tile.expand(-1, wanted, -1, -1)).mean(1, keepdim=True)  # (1, 1, h, w)

    def _run(self, network: RestorationNetwork, tile: Tensor) -> Tensor:
        tile = tile.to(self.device).contiguous(memory_format=self._layout)
        restore: Callable[[Tensor], Tensor] = network
        if self.sigma is not None:
            level = torch.full((1,), self.sigma / 255, device=self.device)  # grey levels -> [0, 1]

            def restore(degraded: Tensor) -> Tensor:
                return network(degraded, level)

        half = (
            torch.autocast(self.device.type, torch.bfloat16) if self.precision == "bf16" else contextlib.nullcontext()
        )
        with half:
            restored = averaged(restore, tile) if self.self_ensemble else restore(tile)
        return restored.to("cpu", torch.float32)


def _precision(name: str, setting: Setting) -> Literal["fp32", "bf16"]:
    if name == "auto":
        return setting.precision
    if name not in ("fp32", "bf16"):
        raise ConfigError(f"The precision {name!r} is unknown. Choose auto, fp32 or bf16.")
    return "fp32" if name == "fp32" else "bf16"


def _local_pooling(name: str) -> LocalPooling:
    if name not in ("auto", "on", "off"):
        raise ConfigError(f"The local pooling {name!r} is unknown. Choose auto, on or off.")
    return cast(LocalPooling, name)


def _check(pixels: Pixels) -> None:
    known = pixels.dtype in (np.uint8, np.uint16) or pixels.dtype.kind == "f"
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3) or 0 in pixels.shape or not known:
        raise ShapeError(
            f"Restorer expects (H, W), (H, W, 1) or (H, W, 3) in uint8, uint16 or floats, got {pixels.shape} in "
            f"{pixels.dtype}. Convert the picture; restore transparency apart."
        )
    if pixels.dtype.kind == "f":
        largest = float(np.abs(pixels).max())
        if not largest <= _LARGEST_FLOAT:
            raise ConfigError(f"Floats are meant to lie in [0, 1], got {largest:g}. Divide them, or give uint8.")
