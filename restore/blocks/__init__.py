"""Parts of networks with a slot for attention."""

from restore.blocks.plain_layer import PlainLayer
from restore.blocks.residual_attention_block import ResidualAttentionBlock
from restore.blocks.residual_block import ResidualBlock
from restore.blocks.residual_group import ResidualGroup

__all__ = ["PlainLayer", "ResidualAttentionBlock", "ResidualBlock", "ResidualGroup"]
