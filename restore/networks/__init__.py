"""Networks: one paper a file. Every public name is exported here."""

from restore.networks.base import RestorationNetwork
from restore.networks.unet import UNet

__all__ = ["RestorationNetwork", "UNet"]
