"""Whether a network is one for pictures, and goes with what it is told."""

from __future__ import annotations

from restore.errors import ConfigError
from restore.networks import RestorationNetwork


def check_takes_pictures(network: RestorationNetwork) -> None:
    """Raise ConfigError unless `network` takes gray or RGB pictures."""
    if network.input_channels not in (1, 3):
        what = f"{network.input_channels} channels"
        if network.input_channels != network.image_channels:
            what += f", several views of {network.image_channels} each (a dual-pixel sensor's left and right one)"
        raise ConfigError(
            f"This model ({type(network).__name__}) takes {what}, no gray or RGB picture. Call the network itself with "
            f"tensors (N, {network.input_channels}, H, W) in [0, 1], or choose a model for pictures."
        )


def checked_sigma(sigma: float | None, network: RestorationNetwork) -> float | None:
    """The noise level in grey levels, or ConfigError where it does not go with `network`."""
    name = type(network).__name__
    if sigma is not None and not network.takes_sigma:
        raise ConfigError(f"This model ({name}) is blind: it finds the noise level by itself. Leave sigma out.")
    if sigma is None and network.takes_sigma:
        raise ConfigError(f"This model ({name}) must be told the noise level. Give sigma in grey levels, such as 25.")
    if sigma is not None and not 0 <= sigma <= 255:
        raise ConfigError(f"sigma is in 8-bit grey levels, 0 to 255, got {sigma}. Choose one of these.")
    return sigma


def checked_tile(tile: int, network: RestorationNetwork) -> int:
    """The side of a tile, or ConfigError where it is too small for `network`."""
    least = max(16, network.multiple_of)
    if tile < least:
        raise ConfigError(f"A tile of {tile} pixels is too small. Choose {least} or more, or auto.")
    return tile
