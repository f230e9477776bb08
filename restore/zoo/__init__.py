"""Named weights, weights files, and official keys."""

from restore.zoo.adopt import Adopted, adopt
from restore.zoo.build import build
from restore.zoo.catalogue import MODELS, find_weights, load_network, save_network
from restore.zoo.convert import Converted, convert_file, load_official, to_official
from restore.zoo.official.noise_levels import sigma_to_tell

__all__ = [
    "MODELS",
    "Adopted",
    "Converted",
    "adopt",
    "build",
    "convert_file",
    "find_weights",
    "load_network",
    "load_official",
    "save_network",
    "sigma_to_tell",
    "to_official",
]
