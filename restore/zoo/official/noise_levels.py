"""IRCNN's released files (cszn/KAIR): 25 sets of weights, number k for noise above 2 k up to 2 k + 2 grey levels.

Zhang et al., "Learning Deep CNN Denoiser Prior for Image Restoration", CVPR 2017, section 4.1: one denoiser for every
second level of [0, 50], https://arxiv.org/abs/1704.03264. What is stronger than 50 is given to the last, as in KAIR.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from math import ceil
from typing import Any

from restore.errors import CheckpointError, ConfigError

logger = logging.getLogger(__name__)

_SETS = 25
_STRONGEST = 2 * _SETS
QUESTION = (
    f"Holds {_SETS} sets of weights, 0 to {_SETS - 1}, as IRCNN's files do: each for one noise level. Which is wanted? "
    f"Give --sigma 25, the noise in grey levels up to {_STRONGEST}, or --part 12 (sigma=... or part=... to "
    "restore.zoo.convert_file)."
)
"""What to ask where nothing chooses."""


def is_noise_levels(content: Mapping[str, Any]) -> bool:
    """Whether these are the sets of such a file."""
    return content.keys() == {str(number) for number in range(_SETS)} and all(
        isinstance(one, Mapping) and any(str(name).endswith("model.0.weight") for name in one)
        for one in content.values()
    )


def part_for(sigma: float) -> str:
    """The name of the set for noise of `sigma` grey levels.

    Raises:
        CheckpointError: `sigma` is not above 0.
    """
    if not sigma > 0:
        raise CheckpointError(f"Its weights are for noise above 0 grey levels, got sigma={sigma:g}.")
    if sigma > _STRONGEST:
        logger.warning(
            "the strongest noise of these weights is sigma %d: they will leave some of %g", _STRONGEST, sigma
        )
    return str(min(_SETS, ceil(sigma / 2)) - 1)


def levels_of(part: str) -> list[float]:
    """The noise of a set, in grey levels: above the first number, up to the second."""
    return [2.0 * int(part), 2.0 * int(part) + 2]


def sigma_to_tell(card: Mapping[str, Any], sigma: float | None, name: str) -> float | None:
    """What is left to tell a network of the noise: nothing where its weights are of one level, which is checked.

    Args:
        card: of the loaded network; `weights_for_sigma` is `levels_of` its weights.
        sigma: noise in grey levels, as it was asked for.
        name: of the model, for the error.

    Raises:
        ConfigError: the weights are for another noise.
    """
    levels = card.get("weights_for_sigma")
    if sigma is None or not isinstance(levels, list) or len(levels) != 2:
        return sigma
    low, high = levels
    if not (low < sigma <= high or sigma > high == _STRONGEST):
        raise ConfigError(
            f"The weights of {name} are for noise of sigma {low:g} to {high:g}, got {sigma:g}. "
            f"Convert the set for it from the authors' file: restore convert ircnn.pth --sigma {sigma:g}"
        )
    return None
