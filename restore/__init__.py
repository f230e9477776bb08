"""Image denoising and super-resolution with attention modules that one line of YAML swaps.

restorer = restore.load("photo")
clean = restorer(noisy)  # numpy (H, W, C) or a tensor (C, H, W)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from restore.inference import Restorer

__version__ = "0.1.0"
__all__ = ["load"]


def load(
    name_or_path: str | Path,
    *,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
    precision: Literal["auto", "fp32", "bf16"] = "auto",
    tile: int | Literal["auto"] = "auto",
    self_ensemble: bool = False,
    sigma: float | None = None,
    local_pooling: Literal["auto", "on", "off"] = "auto",
) -> Restorer:
    """Make a shipped model, a weights file or a checkpoint ready for use; the options are `Restorer`'s.

    Raises:
        CheckpointError: there is no such model or file, or it cannot be loaded.
        ConfigError: an option is out of range, or does not go with the model.
    """
    from restore.inference import Restorer  # torch takes seconds to import: only where it is needed
    from restore.zoo import load_network, sigma_to_tell

    network, card = load_network(name_or_path, sigma=sigma)
    left = sigma_to_tell(card, sigma, str(name_or_path))
    return Restorer(network, device, precision, tile, self_ensemble, left, local_pooling)
