"""attention: the table of modules and its page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
import yaml
from torch import nn

import restore.attention
from restore.attention import Attention, ChannelAttention, ChannelSelfAttention, NoAttention
from restore.commands.attention_page import page
from restore.commands.attention_parts import PARTS, Example
from restore.commands.attention_rows import Row, entries, measure
from restore.commands.attention_tiles import tiles_change
from restore.main import main

PAGE = Path(__file__).parents[2] / "docs" / "attention.md"
ENTRIES = entries()


class Neighbors(Attention):
    """Adds the mean of the neighborhood; `context` as told."""

    def __init__(self, channels: int, context: int) -> None:
        super().__init__(channels)
        self.mean = nn.AvgPool2d(5, 1, 2)
        self.context = context

    def forward(self, x):
        return x + self.mean(x)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_module_is_measured(entry):
    row = measure(entry, channels=16, size=8, rounds=1)
    assert row.failure == ""
    assert row.cost is not None
    assert row.cost.both_bytes > 0


def test_families_are_the_rooms():
    families = {entry.name: entry.family for entry in ENTRIES}
    assert families["NoAttention"] == "control"
    assert families["ChannelAttention"] == "recalibration"
    assert next(iter(families)) == "NoAttention"


def test_citation_is_read_from_the_docstring():
    entry = next(entry for entry in ENTRIES if entry.cls is ChannelAttention)
    assert entry.citation == "Hu et al., CVPR 2018"
    assert entry.formula.startswith("y = x * sigmoid(")


def test_tiles_change_what_sees_more_than_its_context():
    assert tiles_change(ChannelAttention(16, reduction=2), 16)
    assert not tiles_change(NoAttention(4), 4)
    assert not tiles_change(Neighbors(4, context=2), 4)
    assert tiles_change(Neighbors(4, context=1), 4)


def test_tiles_change_a_softmax_that_saturates_at_usual_contrast():
    x = torch.randn(1, 16, 48, 48, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    module = ChannelSelfAttention(16).double()
    assert torch.equal(module.affinity(x)[0, 0], torch.eye(16, dtype=torch.float64))  # each channel is its own
    assert tiles_change(ChannelSelfAttention(16), 16)


@pytest.mark.parametrize(
    ("cls", "change"),
    [
        (restore.attention.CovariancePooling, True),  # no map comes out
        (restore.attention.GlobalAttentionUpsample, True),  # two maps, one of half the size
        (restore.attention.LayerAttention, True),  # saturates at usual contrast
        (restore.attention.NonLocalAttention1d, True),  # a sequence
        (restore.attention.NonLocalAttention3d, True),  # a clip
        (restore.attention.SpatialTransformer, True),
        (restore.attention.DynamicConv1d, False),
        (restore.attention.LightweightConv1d, False),
        (restore.attention.TokenWindowAttention, False),  # windows
        (restore.attention.GlimpseCore, None),  # vectors
        (restore.attention.LocationPolicy, None),
    ],
)
def test_tiles_of_parts(cls, change):
    example = PARTS.get(cls.__name__, Example())
    assert tiles_change(example.build(cls, 16, 8).eval(), 16, example) is change


def test_every_module_that_takes_a_map_has_an_answer():
    """What takes no map is the recurrent model's inner life alone."""
    without = [entry.name for entry in ENTRIES if not _grows(entry.name)]
    assert without == ["ActionNetwork", "BaselineNetwork", "GlimpseCore", "LocationPolicy"]


def _grows(name):
    example = PARTS.get(name, Example())
    return any(one.shape != other.shape for one, other in zip(example.inputs(16, 8), example.inputs(16, 16)))


def test_command_prints_and_writes(tmp_path, capsys):
    file = tmp_path / "page.md"
    status = main(["attention", "ChannelAttention", "--channels", "8", "--size", "8", "--markdown", str(file)])
    assert status == 1  # 8 channels cannot be reduced 16 times: named, not hidden
    assert "could not be measured: ChannelAttention" in capsys.readouterr().err

    status = main(["attention", "ChannelAttention", "--channels", "32", "--size", "8", "--markdown", str(file)])
    assert status == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("ChannelAttention"))
    assert str(2 * 32 * 2 + 2 + 32) in line
    assert "class_path: restore.attention.ChannelAttention, init_args: {reduction: 16" in file.read_text()


def test_misspelt_module_suggests_the_nearest(capsys):
    assert main(["attention", "ChanelAttention"]) == 1
    assert "Did you mean ChannelAttention?" in capsys.readouterr().err


def test_the_page_is_of_this_code():
    written = PAGE.read_text()
    for entry in ENTRIES:
        assert page([Row(entry)], "").split("## ")[-1].strip() in written


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_line_of_yaml_builds_the_module(entry):
    (text,) = re.findall(r"```yaml\n(.*)\n```", page([Row(entry)], ""))
    line = yaml.safe_load(text)
    line = line["attention"] if entry.is_slot else line
    options = line.get("init_args", {}) | ({"channels": 64} if entry.is_slot else {})
    assert line["class_path"] == f"restore.attention.{entry.name}"
    assert isinstance(entry.cls(**options), entry.cls)


def test_the_line_of_yaml_shows_every_option():
    texts = {entry.name: page([Row(entry)], "") for entry in ENTRIES}
    assert "poolings: [mean, max]" in texts["CBAM"]
    assert "init_args: {kernel_size: null, shared: true}" in texts["EfficientChannelAttention"]
    assert "mask: [59, 59]" in texts["PointwiseSpatialAttention"]


def test_the_page_lists_what_onnx_lacks():
    assert "`NonLocalAttention:pairwise=concatenation`, `NonLocalSparseAttention`." in page([], "")


def test_venue_and_year_are_never_cut():
    for entry in ENTRIES:
        line = Row(entry).line()
        assert entry.citation.rpartition(", ")[2] in line
        assert len(line) == len(Row(ENTRIES[0]).line())
    quadratic = next(Row(entry).line() for entry in ENTRIES if entry.name == "QuadraticAttention")
    assert "Cordonnier, Loukas an…, ICLR 2020 " in quadratic


def test_part_of_a_name_suggests_the_whole(capsys):
    assert main(["attention", "NonLocl"]) == 1
    assert "Did you mean NonLocalAttention?" in capsys.readouterr().err


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has the device")
def test_a_device_that_is_not_there_is_told_in_a_line(capsys):
    assert main(["attention", "BAM", "--device", "cuda"]) == 1
    assert capsys.readouterr().err == (
        "restore: error: This machine has no cuda device that torch can use. Choose auto or cpu.\n"
    )


@pytest.mark.parametrize("option", ["channels", "size", "rounds"])
def test_nothing_to_measure_is_a_wrong_option(option, capsys):
    with pytest.raises(SystemExit):
        main(["attention", f"--{option}", "0", "BAM"])
    assert f"--{option} is 0" in capsys.readouterr().err


def test_only_point_wise_spatial_attention_is_left_out_of_large_maps():
    assert [name for name, example in PARTS.items() if example.largest] == ["PointwiseSpatialAttention"]


def test_left_out_sizes_are_said(monkeypatch):
    from restore.commands import attention_rows

    example = attention_rows.Example(largest=8)
    monkeypatch.setitem(attention_rows.PARTS, "ChannelAttention", example)
    entry = next(entry for entry in ENTRIES if entry.cls is ChannelAttention)
    cells = measure(entry, 16, 9).cells()
    assert cells == [str(2 * 16 + 1 + 16), "0.0", "-", "-", "-", "-", "left out above 8x8"]
    assert measure(entry, 16, 8, rounds=1).cost is not None
