"""Non-local block over a sequence and over a clip: the code of `NonLocalAttention` with another number of axes.

Paper: Wang et al., "Non-local Neural Networks", CVPR 2018, section 3.3, https://arxiv.org/abs/1711.07971
"""

from __future__ import annotations

from restore.attention.representation.non_local import NonLocalOverAxes


class NonLocalAttention1d(NonLocalOverAxes):
    """Adds to each place of a sequence a sum over all places.

    Formula:
        y_i = x_i + project(sum_j f(x_i, x_j) value(x_j) / sum_j f(x_i, x_j)),  f = exp(query(x_i) . key(x_j))

    Args:
        channels: C of the sequence; the other options are those of `NonLocalAttention`.

    Shape:
        input and output: (N, C, L), any L from 1.

    Raises:
        ConfigError: as `NonLocalAttention`.
        ShapeError: the input has another C or other axes (on forward).
    """

    axes = pooled = "L"
    starts_as_identity = True


class NonLocalAttention3d(NonLocalOverAxes):
    """Adds to each place of a clip a sum over all places of all frames.

    Formula:
        y_i = x_i + project(sum_j f(x_i, x_j) value(x_j) / sum_j f(x_i, x_j)),  f = exp(query(x_i) . key(x_j))

    Args:
        channels: C of the clip; the other options are those of `NonLocalAttention`. Sub-sampling halves H and W, never
            T, as published.

    Shape:
        input and output: (N, C, T, H, W), any size from 1.

    Raises:
        ConfigError: as `NonLocalAttention`.
        ShapeError: the input has another C or other axes (on forward).
    """

    axes, pooled = "THW", "HW"
    starts_as_identity = True
