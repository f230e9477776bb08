"""Parts of networks with a slot for attention."""

from restore.blocks.cascade import Cascade, RectifiedBlock
from restore.blocks.plain_layer import PlainLayer
from restore.blocks.residual_attention_block import ResidualAttentionBlock
from restore.blocks.residual_block import Activation, Placement, ResidualBlock
from restore.blocks.residual_dense_block import ResidualDenseBlock
from restore.blocks.residual_group import ResidualGroup
from restore.blocks.wavelet_block import WaveletBlock

__all__ = [
    "Activation",
    "Cascade",
    "Placement",
    "PlainLayer",
    "RectifiedBlock",
    "ResidualAttentionBlock",
    "ResidualBlock",
    "ResidualDenseBlock",
    "ResidualGroup",
    "WaveletBlock",
]
