"""fit, validate, test and predict, as a person types them. One process for all but what must die."""

from __future__ import annotations

import csv
import re

import pytest
import torch
import yaml

import restore.attention
from restore.images import read_pixels
from restore.tasks import RestorationTask, load_task
from restore.zoo import build, load_network
from tests.data.pictures import make_pictures
from tests.runs import ROOT, call, only_run, words

CONFIGS = sorted(set((ROOT / "configs").rglob("*.yaml")) - set((ROOT / "configs" / "degradations").iterdir()))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return make_pictures(tmp_path_factory.mktemp("pictures"))[0].parent


@pytest.fixture(scope="module")
def fitted(tmp_path_factory, pictures):
    """A folder with one finished run, logged to a csv file; the optimiser and attention are swapped by flags."""
    folder = tmp_path_factory.mktemp("fitted")
    swap = ["--model.network.attention", "NoAttention", "--model.optimizer", "AdamW", "--model.optimizer.lr", "0.001"]
    argv = words("fit", pictures, "--runs", str(folder / "runs"), logger="csv")
    at = argv.index("--model.network.attention")
    assert call(argv[:at] + argv[at + 4 :] + swap) == 0
    return folder


def like(fitted, command, pictures, *more, logger="none"):
    """The words of another command on the same network."""
    argv = words(command, pictures, "--runs", str(fitted / "runs"), *more, logger=logger)
    at = argv.index("--model.network.attention")
    return argv[:at] + argv[at + 4 :] + ["--model.network.attention", "NoAttention"]


def test_the_run_directory_holds_all_of_the_run(fitted):
    run = only_run(fitted)
    names = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}
    expected = {"config.yaml", "best.safetensors", "checkpoints/last.ckpt", "checkpoints/best.ckpt", "csv/metrics.csv"}
    assert expected <= names
    assert any(name.startswith("pictures/small/") for name in names)


def test_the_resolved_recipe_is_saved_and_runs_again(fitted, pictures, tmp_path):
    saved = yaml.safe_load((only_run(fitted) / "config.yaml").read_text())
    assert saved["model"]["class_path"] == "restore.tasks.SuperResolution"
    assert saved["model"]["init_args"]["network"]["init_args"]["width"] == 8
    assert saved["model"]["init_args"]["protocol"] == "sr-y"  # the recipe does not name it
    assert saved["trainer"]["precision"] == "32-true"
    assert yaml.safe_load((only_run(fitted) / "csv" / "hparams.yaml").read_text())["protocol"] == "sr-y"
    again = ["fit", "--config", str(only_run(fitted) / "config.yaml"), "--runs", str(tmp_path), "--logger", "csv"]
    assert call(again) == 0
    metrics = [list(csv.DictReader(next(folder.rglob("metrics.csv")).open())) for folder in (tmp_path, fitted)]
    assert [row["train/loss"] for row in metrics[0]] == [row["train/loss"] for row in metrics[1]]


def test_attention_and_optimiser_swapped_by_a_flag_keep_their_own_defaults(fitted):
    saved = yaml.safe_load((only_run(fitted) / "config.yaml").read_text())["model"]["init_args"]
    assert saved["network"]["init_args"]["attention"]["class_path"].endswith("NoAttention")
    assert "reduction" not in saved["network"]["init_args"]["attention"].get("init_args", {})
    assert saved["optimizer"]["class_path"] == "torch.optim.AdamW"
    optimizer = load_task(only_run(fitted) / "checkpoints" / "last.ckpt").configure_optimizers()["optimizer"]
    assert type(optimizer) is torch.optim.AdamW
    assert (optimizer.defaults["weight_decay"], optimizer.defaults["lr"]) == (0.01, 0.001)


def test_attention_swapped_by_a_line_of_yaml(tmp_path, capsys):
    recipe = yaml.safe_load((ROOT / "configs" / "rcan_small.yaml").read_text())
    recipe["model"]["init_args"]["network"]["init_args"]["attention"] = {
        "class_path": "restore.attention.ChannelAttention"
    }
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(recipe))
    assert call(["fit", "--config", str(tmp_path / "mine.yaml"), "--print_config"]) == 0
    network = yaml.safe_load(capsys.readouterr().out)["model"]["init_args"]["network"]["init_args"]
    assert network["attention"]["class_path"] == "restore.attention.ChannelAttention"
    assert network["attention"]["init_args"]["reduction"] == 16


def test_placement_of_the_attention_is_one_flag(capsys):
    assert call(["fit", "--config", "rcan_small", "--model.network.placement", "identity", "--print_config"]) == 0
    network = yaml.safe_load(capsys.readouterr().out)["model"]["init_args"]["network"]
    assert network["init_args"]["placement"] == "identity"
    network["init_args"] |= {"groups": 1, "blocks": 1}
    assert build(network).groups[0].blocks[0].placement == "identity"


def test_the_best_weights_hold_the_average_and_load_by_path(fitted):
    network, card = load_network(only_run(fitted) / "best.safetensors")
    best = torch.load(only_run(fitted) / "checkpoints" / "best.ckpt", weights_only=True)
    averages = {name.removeprefix("network."): value for name, value in best["state_dict"].items()}
    assert all(torch.equal(value, averages[name]) for name, value in network.state_dict().items())
    assert any(not torch.equal(averages[name.removeprefix("network.")], raw)
               for name, raw in best["current_model_state"].items())  # fmt: skip
    assert (card["trained_by"], card["protocol"]) == ("rcan_small", "sr-y")
    assert card["val_psnr"] > 5


@pytest.mark.parametrize("command", ["validate", "test"])
@pytest.mark.parametrize("which", ["last", "file"])
def test_the_result_is_measured(fitted, pictures, command, which, capsys):
    last = only_run(fitted) / "checkpoints" / "last.ckpt"
    assert call(like(fitted, command, pictures, "--ckpt_path", "last" if which == "last" else str(last))) == 0
    name = "val" if command == "validate" else "test"
    shown, said = capsys.readouterr()
    assert said.count("Measured by sr-y:") == 1
    rows = csv.DictReader((only_run(fitted) / "csv" / "metrics.csv").open())
    value = [row["val/small/psnr"] for row in rows if row["val/small/psnr"]][-1]
    assert f"{name}/small/psnr" in shown
    assert value[:6] in shown
    assert [path.name for path in (fitted / "runs" / "rcan_small").iterdir()] == [only_run(fitted).name]


def test_predict_writes_what_the_network_restores(fitted, pictures, tmp_path):
    more = ["--data.predict", str(pictures), "--ckpt_path", str(only_run(fitted) / "checkpoints" / "last.ckpt")]
    argv = like(fitted, "predict", pictures, *more)
    argv[argv.index("--runs") + 1] = str(tmp_path / "runs")
    assert call(argv) == 0
    files = sorted((only_run(tmp_path) / "predictions").iterdir())
    assert [file.name for file in files] == [f"picture{number}.png.png" for number in range(3)]
    small = read_pixels(pictures / "picture0.png", 3)
    task = RestorationTask.load_from_checkpoint(only_run(fitted) / "checkpoints" / "last.ckpt").eval()
    with torch.no_grad():
        expected = task(torch.from_numpy(small).permute(2, 0, 1)[None].float() / 255)[0].clamp(0, 1) * 255
    found = torch.from_numpy(read_pixels(files[0], 3)).permute(2, 0, 1)
    assert (expected - found.float()).abs().max() < 0.51


def test_a_finished_run_is_extended_in_its_own_directory(fitted, pictures, capsys):
    """Last of those that look at the run: it changes it."""
    run = only_run(fitted)
    more = ["--ckpt_path", "last", "--trainer.max_steps", "12", "--model.scheduler.steps", "12"]
    optimizer = ["--model.optimizer", "AdamW"]
    assert call(like(fitted, "fit", pictures, *more, *optimizer, logger="csv")) == 0
    assert only_run(fitted) == run
    assert torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["global_step"] == 12
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == ["best.ckpt", "last.ckpt"]
    assert (run / "csv" / "metrics.csv").is_file()
    said = capsys.readouterr().err
    assert "; validated by sr-y; run directory" in said
    assert re.search(r"Best val/psnr \d+\.\d\d \(sr-y\): .*best\.ckpt", said)
    rows = list(csv.DictReader((run / "csv_2" / "metrics.csv").open()))
    assert [row["step"] for row in rows if row["train/loss"]] == ["8", "9", "10", "11"]


def test_starting_from_weights_of_another_scale_says_what_was_taken(fitted, pictures, tmp_path, capsys):
    weights = str(only_run(fitted) / "best.safetensors")
    more = ["--init_from", weights, "--model.network.scale", "4", "--data.scale", "4", "--trainer.max_steps", "1"]
    argv = like(fitted, "fit", pictures, *more, "--model.network.attention", "NoAttention")
    argv[argv.index("--runs") + 1] = str(tmp_path / "runs")
    assert call(argv) == 0
    said = capsys.readouterr().err
    assert f"Started from {weights}: took " in said
    assert "New in this network: " in said
    assert call([*argv, "--ckpt_path", str(only_run(tmp_path) / "checkpoints" / "last.ckpt")]) == 1
    assert "Give one of them" in capsys.readouterr().err


def test_last_with_nothing_to_resume_is_one_message(pictures, tmp_path, capsys):
    assert call(words("fit", pictures, "--runs", str(tmp_path / "runs"), "--ckpt_path", "last")) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert "there is no checkpoint of 'rcan_small'" in said[0]


MISTAKES = [
    (["--data.batch_sizes", "4"], ["batch_size"]),
    (["--model.network.withd", "4"], ["withd", "width"]),
    (["--trainer.max_step", "4"], ["max_steps"]),
    (["--model.network", "RCANN"], ["RCAN"]),
    (["--model.network.attention", "ChanelAttention"], ["ChannelAttention"]),
    (["--model.network", "ChannelAttention"], ["ChannelAttention"]),
    (["--model.network.width", "two"], ["width", "two"]),
    (["--model.network.attention.reduction", "1000"], ["reduction=1000"]),
    (["--data.root", "{empty}"], ["holds no picture"]),
    (["--data.root", "{empty}/none"], ["There is no folder"]),
    (["--data.validation", "{{set: {empty}}}"], ["holds no picture"]),
    (["--data.scale", "4"], ["scale=2", "scale=4", "data.init_args.scale"]),
    (["--model.network.image_channels", "1", "--model.protocol", "sr-y"], ["image_channels=1"]),
    (["--model.protocol", "sr-z"], ["sr-y"]),
    (["--ckpt_path", "{empty}/none.ckpt"], ["There is no checkpoint"]),
    (["--ckpt_path", "{pictures}/picture0.png"], ["Use a checkpoint"]),
    (["--init_from", "{empty}/none.ckpt"], ["There is no weights file"]),
    (["--data.patch_size", "999"], ["patch_size"]),
    (["--data.batch_size", "0"], ["batch_size is 0"]),
    (["--model.scheduler.warmup", "99"], ["Warm-up (99)"]),
    (["--logger", "wandbb"], ["wandb"]),
    (["--trainer.accelerator", "cpux"], ["cpux"]),
    (["--trainer.precision", "32-false"], ["32-true"]),
]


@pytest.mark.parametrize(("more", "parts"), MISTAKES, ids=lambda value: " ".join(value))
def test_a_mistake_is_a_short_message_that_says_what_to_do(pictures, tmp_path, more, parts, capfd):
    (tmp_path / "empty").mkdir()
    more = [word.format(empty=tmp_path / "empty", pictures=pictures) for word in more]
    assert call(words("fit", pictures, "--runs", str(tmp_path / "runs"), *more)) in (1, 2)
    said = capfd.readouterr()
    lines = said.err.strip().splitlines()
    assert 1 <= len(lines) <= 3, said.err
    assert lines[-1].startswith(("restore: error:", "Did you mean")), said.err
    assert all(part in said.err for part in parts), said.err
    assert said.out == ""
    assert len(said.err) < 700
    assert not list(tmp_path.rglob("*.ckpt"))


def test_an_option_of_a_part_that_has_no_class_yet_is_told_to_name_it(capfd):
    assert call(["fit", "--config", "rcan_small", "--model.network.attention.reduction", "4"]) == 2
    (line,) = capfd.readouterr().err.strip().splitlines()
    assert "attention: name its class before its option 'reduction'" in line


def test_another_networks_checkpoint_is_refused_before_the_run(fitted, pictures, tmp_path, capsys):
    last = str(only_run(fitted) / "checkpoints" / "last.ckpt")
    argv = like(fitted, "fit", pictures, "--ckpt_path", last, "--model.network.width", "12")
    assert call(argv) == 1
    assert "of another network than the recipe's" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["rcan_small", "rcan_small.yaml", str(ROOT / "configs" / "rcan_small.yaml")])
def test_recipes_are_found_by_their_bare_names(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert call(["fit", "--config", name, "--print_config"]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["model"]["init_args"]["network"]["init_args"]["groups"] == 3


SMALL = {
    "EDSR": ["blocks=1", "width=8"],
    "FDnCNN": ["depth=3", "width=8"],
    "HAN": ["groups=1", "blocks=1", "width=16"],
    "IMDN": ["blocks=1", "width=16"],
    "MWCNN": ["width=4"],
    "MWRCANet": ["widths=[16,16,16]", "blocks=1"],
    "NAFNet": ["width=4", "encoder_blocks=[1,1]", "middle_blocks=1", "decoder_blocks=[1,1]"],
    "RCAN": ["groups=1", "blocks=1", "width=16"],
    "RDN": ["blocks=1", "layers=2", "growth=4", "width=8"],
    "Restormer": ["width=4", "blocks=[1,1]", "heads=[1,2]", "refinement_blocks=1"],
    "RNAN": ["groups=2", "width=8"],
    "SAN": ["groups=1", "blocks=1", "width=16"],
    "SwinIR": ["blocks=[2]", "heads=[2]", "width=8"],
    "UNet": ["widths=[8,8]", "blocks=[1,1]"],
}


@pytest.mark.parametrize("recipe", CONFIGS, ids=lambda path: path.stem)
def test_every_recipe_trains_a_step(recipe, pictures, tmp_path, capsys):
    content = yaml.safe_load(recipe.read_text())
    assert call(["fit", "--config", str(recipe), "--print_config"]) == 0
    resolved = yaml.safe_load(capsys.readouterr().out)["model"]["init_args"]["network"]
    small = [
        word
        for option in SMALL[resolved["class_path"].rsplit(".", 1)[1]]
        for word in (f"--model.network.{option.split('=')[0]}", option.split("=")[1])
    ]
    argv = ["fit", "--config", str(recipe), *small, "--runs", str(tmp_path / "runs"), "--logger", "none"]
    argv += ["--data.root", str(pictures), "--data.validation", f"{{small: {pictures}}}", "--data.workers", "0"]
    argv += ["--data.patch_size", "8", "--data.batch_size", "2", "--data.patches_per_epoch", "2"]
    argv += ["--trainer.max_steps", "1", "--trainer.accelerator", "cpu", "--trainer.enable_progress_bar", "false"]
    if "teachers" in content["model"]["init_args"]:
        argv += ["--model.teachers", "[photo]"]
    if "WarmupStableDecay" in str(content):
        argv += ["--model.scheduler.warmup", "0", "--model.scheduler.decay", "0"]
    assert call(argv) == 0
    content = torch.load(only_run(tmp_path, recipe.stem) / "checkpoints" / "last.ckpt", weights_only=True)
    assert content["global_step"] == 1


SWAPS = {
    "rcan_eca": ("EfficientChannelAttention", 0),
    "rcan_soca": ("SecondOrderChannelAttention", 0),
    "rcan_non_local": ("NonLocalAttention", 1),
}
"""Recipes that differ from rcan_small by the line of their attention, and by so many more."""


@pytest.mark.parametrize("recipe", SWAPS)
def test_an_attention_is_swapped_by_one_line(recipe):
    base, swapped = (
        [line for line in (ROOT / "configs" / f"{name}.yaml").read_text().splitlines() if not line.startswith("#")]
        for name in ("rcan_small", recipe)
    )
    attention, more = SWAPS[recipe]
    new = [line for line in swapped if line not in base]
    assert f"        attention: {{class_path: restore.attention.{attention}}}" in new
    assert len(swapped) - len(base) == len(new) == 1 + more
    network = build(yaml.safe_load("\n".join(swapped))["model"]["init_args"]["network"])
    found = [module for module in network.modules() if type(module) is getattr(restore.attention, attention)]
    assert len(found) == 12


COUNTS = {
    "rcan": (15_592_355, 15_592_355),
    "rcan_small": (1, 1_500_000),
    "denoise": (1, 1_500_000),
    "edsr": (40_729_603, 40_729_603),
    "rcan_it": (15_444_643, 15_444_643),
    "mwcnn": (24_927_809, 24_927_809),
    "mwrcanet_raw": (27_215_965, 27_215_965),
    "mwrcanet_srgb": (27_229_797, 27_229_797),
    "rdn": (22_123_395, 22_123_395),
    "nafnet_sidd": (29_159_715, 29_159_715),
    "restormer_denoise": (26_111_668, 26_111_668),
    "san": (15_822_444, 15_822_444),  # without the 38,044 that the authors' network never uses
    "rnan_sr": (9_107_267, 9_107_267),
    "rnan_denoise": (8_959_555, 8_959_555),
    "han": (16_071_745, 16_071_745),
    "swinir_light": (910_152, 910_152),
    "imdn": (715_176, 715_176),
    "fdncnn": (668_803, 668_803),
}


@pytest.mark.parametrize("recipe", COUNTS)
def test_recipes_have_the_number_of_parameters_that_they_say(recipe):
    spec = yaml.safe_load((ROOT / "configs" / f"{recipe}.yaml").read_text())["model"]["init_args"]["network"]
    with torch.device("meta"):
        count = sum(parameter.numel() for parameter in build(spec).parameters())
    least, most = COUNTS[recipe]
    assert least <= count <= most


@pytest.mark.parametrize(("logger", "file"), [("tensorboard", "tensorboard/events*"), ("none", "config.yaml")])
def test_loggers_are_switched_by_a_word(pictures, tmp_path, logger, file):
    more = ["--runs", str(tmp_path / "runs"), "--trainer.max_steps", "4"]
    assert call(words("fit", pictures, *more, logger=logger)) == 0
    assert list(only_run(tmp_path).glob(file))
    assert bool(list(only_run(tmp_path).glob("pictures/**/*.png"))) == (logger == "none")


def test_help_of_fit_is_there(capsys):
    assert call(["fit", "--help"]) == 0
    assert "--init_from" in capsys.readouterr().out
