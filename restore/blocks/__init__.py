"""Parts of networks with a slot for attention."""

from restore.blocks.residual_block import ResidualBlock
from restore.blocks.residual_group import ResidualGroup

__all__ = ["ResidualBlock", "ResidualGroup"]
