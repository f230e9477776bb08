"""`data` hands its words to a subcommand, or says which there are."""

from __future__ import annotations

import pytest

from restore.commands.data import SUBCOMMANDS
from restore.main import main


@pytest.mark.parametrize("words", [["data"], ["data", "--help"]])
def test_help_names_every_subcommand_on_one_line(words, capsys):
    assert main(words) == 0
    text = capsys.readouterr().out
    for name, subcommand in SUBCOMMANDS.items():
        assert f"  {name:<10}{subcommand.help}\n" in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["data", "pac"], "there is no subcommand 'pac': did you mean 'pack'?"),
        (["data", "xyzzy"], "there is no subcommand 'xyzzy': choose one of "),
        (["data", "--output"], "there is no option '--output'"),
    ],
)
def test_a_misspelt_subcommand_is_put_right(words, hint, capsys):
    assert main(words) == 2
    assert hint in capsys.readouterr().err


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_subcommand_has_help(name, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["data", name, "--help"])
    assert stop.value.code == 0
    assert f"restore data {name}" in capsys.readouterr().out
