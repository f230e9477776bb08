"""A network that holds the weights of several scales; one of them is selected."""

from __future__ import annotations

from collections.abc import Sequence

from restore.errors import ConfigError


def check_scales(owner: str, scale: int, scales: Sequence[int]) -> tuple[int, ...]:
    """`scales` as a tuple without repetition.

    Raises:
        ConfigError: `scale` is not among them, or one stands there twice.
    """
    if scale not in scales or len(set(scales)) != len(scales):
        raise ConfigError(
            f"{owner} got scale={scale} and scales={list(scales)}. Name each scale once, and select one of them."
        )
    return tuple(scales)
