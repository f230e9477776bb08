"""Attention modules: (N, C, H, W) in and out, `channels` first. Every public name is exported here."""

from restore.attention.base import Attention, NoAttention, Recalibration, Representation, no_attention
from restore.attention.recalibration.bam import BAM
from restore.attention.recalibration.cbam import CBAM, PooledChannelAttention
from restore.attention.recalibration.channel import ChannelAttention
from restore.attention.recalibration.channel_spatial_3d import ChannelSpatialAttention3d
from restore.attention.recalibration.context_encoding import ContextEncoding
from restore.attention.recalibration.contrast import ContrastChannelAttention
from restore.attention.recalibration.coordinate import CoordinateAttention
from restore.attention.recalibration.covariance_pooling import CovariancePooling
from restore.attention.recalibration.efficient_channel import EfficientChannelAttention, efficient_kernel_size
from restore.attention.recalibration.encoding_layer import EncodingLayer
from restore.attention.recalibration.enhanced_spatial import EnhancedSpatialAttention
from restore.attention.recalibration.gather_excite import GatherExcite
from restore.attention.recalibration.mask import MaskAttention
from restore.attention.recalibration.matrix_square_root import matrix_square_root
from restore.attention.recalibration.pixel import PixelAttention, PixelAttentionConv
from restore.attention.recalibration.residual_mask import ResidualAttentionModule, ResidualMaskAttention
from restore.attention.recalibration.second_order import SecondOrderChannelAttention
from restore.attention.recalibration.simple import SimpleChannelAttention
from restore.attention.recalibration.spatial import SpatialAttention
from restore.attention.recalibration.spatial_channel import SpatialChannelAttention
from restore.attention.representation.atrous_object_context import AtrousObjectContext
from restore.attention.representation.augmented_conv import AttentionAugmentedConv
from restore.attention.representation.compact_non_local import CompactNonLocalAttention
from restore.attention.representation.criss_cross import CrissCrossAttention
from restore.attention.representation.dual import ChannelSelfAttention, PositionAttention
from restore.attention.representation.dual_head import DualAttentionHead
from restore.attention.representation.generalized import GeneralizedAttention
from restore.attention.representation.global_context import GlobalContext
from restore.attention.representation.layer import LayerAttention
from restore.attention.representation.non_local import NonLocalAttention
from restore.attention.representation.non_local_axes import NonLocalAttention1d, NonLocalAttention3d
from restore.attention.representation.non_local_sparse import NonLocalSparseAttention
from restore.attention.representation.object_context import BaseObjectContext, ObjectContext, ObjectContextPooling
from restore.attention.representation.point_wise_spatial import PointwiseSpatialAttention
from restore.attention.representation.pyramid_object_context import PyramidObjectContext
from restore.attention.representation.quadratic import QuadraticAttention
from restore.attention.representation.region_non_local import RegionNonLocalAttention
from restore.attention.representation.style import StyleAttention, StyleTransform
from restore.attention.representation.transposed import TransposedAttention
from restore.attention.representation.window import TokenWindowAttention, WindowAttention
from restore.attention.sampling.deformable import DeformableAttention, DeformableConvPack
from restore.attention.sampling.deformable_conv import DeformableConv, deformable_conv
from restore.attention.sampling.dynamic_conv import DynamicConv, DynamicConv1d, LightweightConv1d
from restore.attention.sampling.glimpse import GlimpseNetwork, GlimpseSensor
from restore.attention.sampling.pyramid import FeaturePyramidAttention, GlobalAttentionUpsample
from restore.attention.sampling.recurrent_attention import (
    ActionNetwork,
    BaselineNetwork,
    Episode,
    GlimpseCore,
    LocationPolicy,
    RecurrentAttention,
    reinforce_loss,
)
from restore.attention.sampling.spatial_transformer import SpatialTransformer, affine_sample

__all__ = [
    "BAM",
    "CBAM",
    "ActionNetwork",
    "AtrousObjectContext",
    "Attention",
    "AttentionAugmentedConv",
    "BaseObjectContext",
    "BaselineNetwork",
    "ChannelAttention",
    "ChannelSelfAttention",
    "ChannelSpatialAttention3d",
    "CompactNonLocalAttention",
    "ContextEncoding",
    "ContrastChannelAttention",
    "CoordinateAttention",
    "CovariancePooling",
    "CrissCrossAttention",
    "DeformableAttention",
    "DeformableConv",
    "DeformableConvPack",
    "DualAttentionHead",
    "DynamicConv",
    "DynamicConv1d",
    "EfficientChannelAttention",
    "EncodingLayer",
    "EnhancedSpatialAttention",
    "Episode",
    "FeaturePyramidAttention",
    "GatherExcite",
    "GeneralizedAttention",
    "GlimpseCore",
    "GlimpseNetwork",
    "GlimpseSensor",
    "GlobalAttentionUpsample",
    "GlobalContext",
    "LayerAttention",
    "LightweightConv1d",
    "LocationPolicy",
    "MaskAttention",
    "NoAttention",
    "NonLocalAttention",
    "NonLocalAttention1d",
    "NonLocalAttention3d",
    "NonLocalSparseAttention",
    "ObjectContext",
    "ObjectContextPooling",
    "PixelAttention",
    "PixelAttentionConv",
    "PointwiseSpatialAttention",
    "PooledChannelAttention",
    "PositionAttention",
    "PyramidObjectContext",
    "QuadraticAttention",
    "Recalibration",
    "RecurrentAttention",
    "RegionNonLocalAttention",
    "Representation",
    "ResidualAttentionModule",
    "ResidualMaskAttention",
    "SecondOrderChannelAttention",
    "SimpleChannelAttention",
    "SpatialAttention",
    "SpatialChannelAttention",
    "SpatialTransformer",
    "StyleAttention",
    "StyleTransform",
    "TokenWindowAttention",
    "TransposedAttention",
    "WindowAttention",
    "affine_sample",
    "deformable_conv",
    "efficient_kernel_size",
    "matrix_square_root",
    "no_attention",
    "reinforce_loss",
]
