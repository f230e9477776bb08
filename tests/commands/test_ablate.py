"""ablate: tiny real runs on the built-in pictures, what is kept, what fails, what is misspelt."""

from __future__ import annotations

import inspect
import json
import shutil
import signal
import statistics

import pytest
import torch
import yaml
from pytorch_lightning import Callback

import restore.attention
import restore.commands.trials
from restore.attention import NoAttention
from restore.commands.ablate import split_overrides
from restore.commands.ablation_table import AblationTable, Row
from restore.commands.attention_names import NO_ATTENTION, Choice, read_choice, slots
from restore.commands.trials import Recipe, train
from restore.errors import ConfigError
from tests.commands import attentions
from tests.runs import ROOT, call

STEPS = "3"
_OVERRIDES = """
--model.network.width 8 --model.network.blocks 1 --model.optimizer.lr 0.01 --data.workers 0 --data.patch_size 8
--data.batch_size 2 --data.crop 24 --data.limit 2 --trainer.accelerator cpu --trainer.precision 32-true
"""
OVERRIDES = _OVERRIDES.split()
STRANGE = "tests.commands.attentions"


def words(folder, *names, seeds=("0", "1"), steps=STEPS):
    names = names or ("NoAttention", "ChannelAttention:reduction=2")
    argv = ["ablate", "--config", "ablation/denoise", *OVERRIDES, "--attention", *names, "--seeds", *seeds]
    return [*argv, "--steps", steps, "--size", "16", "--output", str(folder)]


def table(folder):
    return json.loads((folder / "table.json").read_text())


def tiny_recipe(steps=3):
    return Recipe(ROOT / "configs" / "ablation" / "denoise.yaml", OVERRIDES, steps)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ablation") / "new"
    assert call(words(folder)) == 0
    return folder


def test_the_table_holds_every_number_and_its_origin(ran):
    content = table(ran)
    rows = {row["attention"]: row for row in content["rows"]}
    assert list(rows) == sorted(rows, key=lambda name: -rows[name]["psnr_mean"])
    assert set(rows) == {"NoAttention", "ChannelAttention:reduction=2"}
    for row in rows.values():
        assert set(row["psnr"]) == {"0", "1"}
        assert row["psnr_mean"] == pytest.approx(statistics.mean(row["psnr"].values()))
        assert row["psnr_std"] == pytest.approx(statistics.stdev(row["psnr"].values()))
        assert row["psnr_std"] > 0
        assert row["milliseconds"] > 0
        assert row["failed"] == {}
    gated, plain = rows["ChannelAttention:reduction=2"], rows["NoAttention"]
    assert gated["parameters"] - plain["parameters"] == 8 * 4 + 4 + 4 * 8 + 8
    assert gated["multiply_adds"] - plain["multiply_adds"] == 2 * 8 * 4
    assert gated["gain_mean"] == pytest.approx(gated["psnr_mean"] - plain["psnr_mean"])
    assert plain["gain_mean"] is None
    origin = content["origin"]
    wanted = {"date", "commit", "machine", "torch", "command", "steps", "seeds", "training pictures", "validation"}
    assert wanted | {"patch size", "protocol", "ms"} <= set(origin)
    assert (origin["steps"], origin["seeds"], origin["patch size"]) == (3, [0, 1], 8)
    assert "threads: " in origin["ms"]


def test_the_markdown_says_the_same(ran):
    text = (ran / "table.md").read_text()
    row = table(ran)["rows"][0]
    line = next(line for line in text.splitlines() if line.startswith(f"| `{row['attention']}`"))
    assert f"| {row['parameters']:,} |" in line
    assert f"| {row['psnr_mean']:.3f} ± {row['psnr_std']:.3f} |" in line
    assert "MACs, 16x16" in text
    assert "- protocol: awgn-rgb" in text


def test_a_rerun_keeps_what_is_finished_and_trains_what_is_new(ran, monkeypatch, capsys):
    before = table(ran)
    trained = []
    honest = restore.commands.trials.train
    monkeypatch.setattr(restore.commands.trials, "train", lambda *a: trained.append(a) or honest(*a))
    assert call(words(ran)) == 0
    said = capsys.readouterr()
    assert trained == []
    assert said.err.count("kept from") == 4
    assert [row["psnr"] for row in table(ran)["rows"]] == [row["psnr"] for row in before["rows"]]
    assert call(words(ran, "NoAttention", f"{STRANGE}.Halving:factor=0.25")) == 0
    assert len(trained) == 2
    assert said.out.startswith("# One RCAN")


def test_results_of_other_settings_are_not_mixed(ran, capsys):
    assert call(words(ran, steps="4")) == 1
    error = capsys.readouterr().err
    assert "trainer.max_steps is 3 there and 4 here" in error
    assert "--output" in error


def test_the_same_run_twice_is_the_same_number(ran, tmp_path):
    assert call(words(tmp_path / "again", "ChannelAttention:reduction=2", seeds=("1",))) == 0
    (again,) = table(tmp_path / "again")["rows"]
    first = json.loads((ran / "runs" / "ChannelAttention,reduction=2_seed1.json").read_text())
    assert again["psnr"]["1"] == first["psnr"]
    assert again["gain_mean"] is None
    assert "above NoAttention" not in (tmp_path / "again" / "table.md").read_text()


def test_shared_tensors_begin_equal_by_seed():
    recipe = tiny_recipe()
    strange = read_choice(f"{STRANGE}.Halving")
    states = [recipe.build(choice, 0).task.network.state_dict() for choice in (NO_ATTENTION, strange)]
    other = recipe.build(strange, 1).task.network.state_dict()
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())
    assert set(states[1]) - set(states[0]) == {"groups.0.blocks.0.attention.unused"}
    assert not torch.equal(states[1]["head.weight"], other["head.weight"])
    again = tiny_recipe().build(strange, 0).task.network.state_dict()
    assert all(torch.equal(value, again[name]) for name, value in states[1].items())


def test_branches_are_a_second_axis_with_one_control(tmp_path, capsys):
    argv = words(tmp_path, seeds=("0",))
    assert call([*argv, "--branch", "plain", "dense"]) == 0
    assert "one attention and branch after the other" in capsys.readouterr().out
    rows = {row["attention"]: row for row in table(tmp_path)["rows"]}
    gate = "ChannelAttention:reduction=2"
    assert set(rows) == {"NoAttention", gate, "NoAttention + dense", f"{gate} + dense"}
    assert rows["NoAttention"]["gain_mean"] is None
    for name in ("NoAttention + dense", gate):
        gain = rows[name]["psnr_mean"] - rows["NoAttention"]["psnr_mean"]
        assert rows[name]["gain_mean"] == pytest.approx(gain)
    more = rows["NoAttention + dense"]["parameters"] - rows["NoAttention"]["parameters"]
    assert more == 9 * 8 * 8  # one block of width 8: the second convolution sees the input beside
    assert rows[f"{gate} + dense"]["parameters"] - rows[gate]["parameters"] == more


def test_branches_begin_with_what_they_share():
    file = ROOT / "configs" / "ablation" / "denoise.yaml"
    recipe = Recipe(file, OVERRIDES, 3, several_branches=True)
    gate = read_choice("ChannelAttention:reduction=2")
    plain, wide, other = (
        recipe.build(choice.with_branch(branch), 0).task.network.state_dict()
        for choice, branch in ((NO_ATTENTION, "plain"), (NO_ATTENTION, "wide"), (gate, "wide"))
    )
    block = "groups.0.blocks.0."
    assert torch.equal(plain["head.weight"], wide["head.weight"])
    assert wide[f"{block}conv1.weight"].shape[0] == 4 * plain[f"{block}conv1.weight"].shape[0]
    assert torch.equal(wide[f"{block}conv1.weight"], other[f"{block}conv1.weight"])


def test_a_network_without_the_option_is_told_of_branches(tmp_path, capsys):
    argv = words(tmp_path, seeds=("0",))
    assert call([*argv, "--branch", "wide", "--model.network.branch", "dense"]) == 2
    assert "named by --branch alone" in capsys.readouterr().err
    assert call([*argv, "--branch", "wider"]) == 2
    assert "wider" in capsys.readouterr().err
    recipe = yaml.safe_load((ROOT / "configs" / "ablation" / "denoise.yaml").read_text())
    recipe["model"]["init_args"]["network"] = {"class_path": "restore.networks.DnCNN"}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(recipe))
    with pytest.raises(ConfigError, match="no option 'branch'"):
        Recipe(tmp_path / "mine.yaml", several_branches=True)


def test_a_kept_result_whose_network_cannot_be_built_any_more_is_told(ran, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "copy"
    shutil.copytree(ran, folder)

    def refuse(self, choice, seed):
        raise ConfigError("It is gone.")

    monkeypatch.setattr(Recipe, "build", refuse)
    assert call(words(folder)) == 1
    said = capsys.readouterr()
    assert said.err.count("cannot be built any more: It is gone.") == 2
    assert "It is gone." in said.out


class Batches(Callback):
    """Keeps what the network is trained with."""

    def __init__(self):
        self.seen = []

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        self.seen.append(torch.cat([batch["degraded"], batch["target"]]))


def test_every_attention_of_a_seed_sees_the_same_patches_and_noise():
    recipe = tiny_recipe()
    seen = {}
    for name, seed in (("NoAttention", 0), (f"{STRANGE}.Halving", 0), ("NoAttention", 1)):
        trial = recipe.build(read_choice(name), seed)
        batches = Batches()
        trial.trainer.callbacks.append(batches)
        scores = train(trial, seed)
        assert set(scores) == {"psnr", "ssim", "samples/psnr", "samples/ssim"}
        assert trial.trainer.global_step == len(batches.seen) == 3
        seen[name, seed] = torch.stack(batches.seen)
    assert torch.equal(seen["NoAttention", 0], seen[f"{STRANGE}.Halving", 0])
    assert not torch.equal(seen["NoAttention", 0], seen["NoAttention", 1])


def test_options_of_the_recipes_own_attention_do_not_stay_behind(tmp_path):
    recipe = tmp_path / "mine.yaml"
    text = (ROOT / "configs" / "rcan_small.yaml").read_text()
    slot = "attention: {class_path: restore.attention.ChannelAttention, init_args: {reduction: 4}}"
    recipe.write_text(text.replace("        width: 32\n", f"        width: 32\n        {slot}\n"))
    block = Recipe(recipe).build(read_choice("ChannelAttention"), 0).task.network.groups[0].blocks[0]
    assert block.attention.squeeze.out_channels == 32 // 16
    assert isinstance(Recipe(recipe).build(NO_ATTENTION, 0).task.network.groups[0].blocks[0].attention, NoAttention)


def test_a_schedule_is_shortened_with_the_run():
    model = tiny_recipe(60).config["model"]["init_args"]
    assert model["scheduler"]["init_args"] == {"steps": 60, "warmup": 2, "decay": 30}


def test_what_fails_is_named_and_the_rest_is_done(tmp_path, capsys):
    names = ["NoAttention", f"{STRANGE}.Unbuildable", f"{STRANGE}.NotANumber"]
    assert call(words(tmp_path, *names, seeds=("0",))) == 1
    rows = table(tmp_path)["rows"]
    assert [row["attention"] for row in rows] == names
    assert rows[0]["psnr_mean"] > 5
    assert rows[1]["failed"]["0"].startswith("KeyError: 'no form for 8'")
    assert rows[1]["parameters"] is None
    assert rows[2]["failed"]["0"].startswith("The loss is nan")
    assert rows[2]["parameters"] == rows[0]["parameters"]
    text = (tmp_path / "table.md").read_text()
    assert f"| `{names[1]}` | – | – | – | failed |" in text
    assert f"`{names[2]}`, seed 0, failed: The loss is nan" in text
    assert "Traceback" in (tmp_path / "runs" / f"{names[1]}_seed0.failed.txt").read_text()
    capsys.readouterr()
    assert call(words(tmp_path, *names, seeds=("0",))) == 1
    said = capsys.readouterr().err
    assert said.count("kept from") == 1
    assert said.count(": failed: ") == 2


@pytest.fixture
def interrupts(monkeypatch):
    monkeypatch.setattr(attentions.Interrupting, "pressed", False)
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)  # Lightning listens no more after one


def test_ctrl_c_keeps_what_is_done(interrupts, tmp_path, capsys):
    argv = words(tmp_path, "NoAttention", f"{STRANGE}.Interrupting", seeds=("0",))
    assert call(argv) == 130
    said = capsys.readouterr()
    assert "Stopped by Ctrl-C in run 2 of 2" in said.err
    assert said.out == ""
    assert not (tmp_path / "table.md").exists()
    assert call(argv) == 0
    said = capsys.readouterr().err
    assert said.count("kept from") == 1
    assert [row["psnr_std"] for row in table(tmp_path)["rows"]] == [None, None]


MISSPELT = [
    (["--attention", "ChanelAttention"], "did you mean 'ChannelAttention'?"),
    (["--attention", "restore.attention.NoAtention"], "did you mean 'NoAttention'?"),
    (["--attention", "ChannelAttention:reducton=4"], "did you mean 'reduction'?"),
    (["--attention", "ChannelAttention:reduction"], "Write them once each"),
    (["--attention", "ChannelAttention:reduction=[1"], "cannot be read"),
    (["--attention", "ChannelAttention:channels=4"], "no option 'channels'"),
    (["--attention", "Recalibration"], "no module for the attention slot"),
    (["--attention", f"{STRANGE}.Halvin"], "did you mean 'Halving'?"),
    (["--attention", "nowhere.at.All"], "cannot be imported"),
    (["--attention", "torch.nn.Conv2d"], "no module for the attention slot"),
    (["--attention", "NoAttention", "--config", "ablation/denoice"], "Did you mean 'ablation/denoise'?"),
    (["--attention", "NoAttention", "--steps", "0"], "--steps is 0"),
    (["--attention", "NoAttention", "--sedes", "1"], "did you mean --seeds?"),
    (["--attention", "NoAttention", "--model.network.attention", "NoAttention"], "named by --attention alone"),
    ([], "--attention"),
]


@pytest.mark.parametrize(("more", "part"), MISSPELT, ids=lambda value: str(value))
def test_a_mistake_is_told_before_anything_runs(more, part, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(restore.commands.trials, "Recipe", None)
    config = [] if "--config" in more else ["--config", str(ROOT / "configs" / "ablation" / "denoise.yaml")]
    assert call(["ablate", *config, *more, "--output", str(tmp_path / "out")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert part in line
    assert not (tmp_path / "out").exists()


WRONG = [
    (["--data.rot", "x"], 2, "root"),
    (["--data.root", "{empty}"], 1, "holds no picture"),
    (["--model.protocol", "awgn-grey"], 1, "awgn-gray"),
    (["--data.scale", "2"], 1, "scale=2"),
]


@pytest.mark.parametrize(("more", "status", "part"), WRONG, ids=lambda value: str(value))
def test_a_mistake_in_the_recipe_is_not_a_failed_attention(more, status, part, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    more = [word.format(empty=tmp_path / "empty") for word in more]
    assert call([*words(tmp_path / "out"), *more]) == status
    said = capsys.readouterr()
    assert part in said.err
    assert "failed" not in said.err
    assert said.out == ""


def test_an_option_of_the_wrong_type_is_told_before_anything_runs(tmp_path, capsys):
    assert call(words(tmp_path / "out", "NoAttention", "ChannelAttention:reduction=two")) == 2
    assert "two" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_network_without_a_slot_is_told(tmp_path):
    recipe = yaml.safe_load((ROOT / "configs" / "ablation" / "denoise.yaml").read_text())
    recipe["model"]["init_args"]["network"] = {"class_path": f"{STRANGE}.Slotless"}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(recipe))
    with pytest.raises(ConfigError, match="no option 'attention'"):
        Recipe(tmp_path / "mine.yaml")


def test_names_are_read_with_their_options():
    assert read_choice("NoAttention") == read_choice("restore.attention.NoAttention") == NO_ATTENTION
    choice = read_choice("ChannelAttention:reduction=8")
    assert choice.spec == {"class_path": "restore.attention.ChannelAttention", "init_args": {"reduction": 8}}
    strange = read_choice(f"{STRANGE}.Halving:factor=1e-1")
    assert strange.class_path == f"{STRANGE}.Halving"
    assert {"NoAttention", "ChannelAttention"} <= set(slots())
    assert "Recalibration" not in slots()
    assert "no_attention" not in slots()


def test_every_attention_of_ours_is_taken_with_its_own_defaults():
    recipe = tiny_recipe()
    for name in slots():
        recipe.check(read_choice(name))
        parsed = recipe._parser.parse_object(recipe._with(read_choice(name)))
        taken = parsed.model.init_args.network.init_args.attention
        options = list(inspect.signature(getattr(restore.attention, name)).parameters.values())[1:]
        assert taken.class_path == f"restore.attention.{name}"
        given = taken.init_args.as_dict() if "init_args" in taken else {}
        defaults = {option.name: option.default for option in options}
        assert given == {k: list(v) if isinstance(v, tuple) else v for k, v in defaults.items()}, name


def test_words_of_the_recipe_are_told_from_ours():
    argv = ["--config", "a", "--data.root", "b", "c", "--seeds", "1", "--trainer.max_steps=3", "--attention", "N"]
    ours, theirs = split_overrides(argv)
    assert ours == ["--config", "a", "--seeds", "1", "--attention", "N"]
    assert theirs == ["--data.root", "b", "c", "--trainer.max_steps=3"]


def test_rows_are_sorted_and_gains_are_paired_by_seed():
    rows = [
        Row(NO_ATTENTION, psnr={0: 30.0, 1: 31.0}),
        Row(Choice("Lost", "a.Lost", {}), failed={0: "why"}),
        Row(Choice("Better", "a.Better", {}), psnr={0: 30.5, 1: 31.7}),
        Row(Choice("Half", "a.Half", {}), psnr={1: 30.9}, failed={0: "why not"}),
    ]
    lines = AblationTable("t", {"seeds": [0, 1]}, rows, 8).markdown().splitlines()
    assert lines[4] == "| `Better` | – | – | – | 31.100 ± 0.849 | +0.600 ± 0.141 |"
    assert lines[5] == "| `Half` | – | – | – | 30.900, 1 failed | -0.100 |"
    assert lines[6] == "| `NoAttention` | – | – | – | 30.500 ± 0.707 |  |"
    assert lines[7] == "| `Lost` | – | – | – | failed | – |"
    assert "- seeds: 0, 1" in lines
