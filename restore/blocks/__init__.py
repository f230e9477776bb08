"""Parts of networks with a slot for attention."""

from restore.blocks.branches import BRANCHES, Branch
from restore.blocks.cascade import Cascade, RectifiedBlock
from restore.blocks.distillation_trunk import DistillationTrunk
from restore.blocks.information_distillation import InformationDistillationBlock
from restore.blocks.local_source_group import LocalSourceGroup
from restore.blocks.naf_block import NAFActivation, NAFBlock
from restore.blocks.plain_layer import PlainLayer
from restore.blocks.residual_attention_block import ResidualAttentionBlock
from restore.blocks.residual_block import Activation, Placement, ResidualBlock
from restore.blocks.residual_dense_block import ResidualDenseBlock
from restore.blocks.residual_distillation import ResidualDistillationBlock
from restore.blocks.residual_group import ResidualGroup
from restore.blocks.residual_swin_group import ResidualSwinGroup, SwinConv
from restore.blocks.restormer_block import Normalization, RestormerBlock
from restore.blocks.self_calibrated import SelfCalibratedBlock, pixel_attention_conv
from restore.blocks.six_step_distillation import SixStepDistillationBlock
from restore.blocks.swin_block import SwinBlock
from restore.blocks.wavelet_block import WaveletBlock

__all__ = [
    "BRANCHES",
    "Activation",
    "Branch",
    "Cascade",
    "DistillationTrunk",
    "InformationDistillationBlock",
    "LocalSourceGroup",
    "NAFActivation",
    "NAFBlock",
    "Normalization",
    "Placement",
    "PlainLayer",
    "RectifiedBlock",
    "ResidualAttentionBlock",
    "ResidualBlock",
    "ResidualDenseBlock",
    "ResidualDistillationBlock",
    "ResidualGroup",
    "ResidualSwinGroup",
    "RestormerBlock",
    "SelfCalibratedBlock",
    "SixStepDistillationBlock",
    "SwinBlock",
    "SwinConv",
    "WaveletBlock",
    "pixel_attention_conv",
]
