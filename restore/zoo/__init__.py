"""Named weights, weights files, and official keys."""

from restore.zoo.adopt import Adopted, adopt
from restore.zoo.build import build
from restore.zoo.catalogue import MODELS, find_weights, load_network, save_network
from restore.zoo.convert import Converted, convert_file, load_official, to_official

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
    "to_official",
]
