"""Lets timm be imported beside a torch that its torchvision was not built for, so that live comparisons can run.

    pip install --target PEERS --no-deps timm==1.0.31 torchvision==0.28.0 huggingface_hub
    PYTHONPATH=PEERS:. python -m pytest -p tests.torchvision_stub -rs -k timm tests/attention

torchvision looks for operators of its compiled half at import; these two lines declare them, nothing calls them.
"""

from __future__ import annotations

import torch

_TORCHVISION = torch.library.Library("torchvision", "DEF")
_TORCHVISION.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
_TORCHVISION.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
