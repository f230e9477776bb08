"""attention: every attention module with its paper, its price, and whether tiles change its result."""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path

from restore.commands.arguments import Parser
from restore.errors import ConfigError

_DOCS = Path("docs/attention.md")


def main(argv: list[str]) -> int:
    """Run `restore attention`: measure, print the table, write the page that was asked for."""
    parser = _parser()
    options = parser.parse_args(argv)
    for name in ("channels", "size", "rounds"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} is {getattr(options, name)}; give 1 or more")
    from restore.commands.attention_rows import entries, measure
    from restore.inference.device import find_device

    options.device = find_device(options.device).type
    chosen = _choose(entries(), options.modules)
    rows = []
    print(_told(options))
    print(_HEADING)
    for entry in chosen:
        row = measure(entry, options.channels, options.size, options.device, options.rounds)
        rows.append(row)
        print(row.line(), flush=True)
    if options.markdown:
        from restore.commands.attention_page import write_page

        write_page(options.markdown, rows, _told(options))
        print(f"wrote {options.markdown}")
    failed = [row.entry.name for row in rows if row.failure]
    if failed:
        sys.stderr.write(f"restore: error: could not be measured: {', '.join(failed)}\n")
    return 1 if failed else 0


def _told(options: argparse.Namespace) -> str:
    import torch

    from restore.commands.origin import origin

    told, threads = origin(), torch.get_num_threads()
    return (
        f"(1, {options.channels}, {options.size}, {options.size}) float32 on {options.device}; {told['machine']}, "
        f"{threads} thread{'s' * (threads != 1)}, torch {told['torch']}, commit {told['commit']}, {told['date']}; "
        f"medians of {options.rounds} rounds or more, of fewer where they take over 5 s"
    )


_HEADING = (
    f"{'module':<30}{'family':<16}{'paper':<34}{'params':>9}{'MACs M':>9}"
    f"{'fwd ms':>9}{'f+b ms':>9}{'fwd MiB':>9}{'f+b MiB':>9}  tiles change it"
)


def _choose(known: list, names: list[str]) -> list:
    by_name = {entry.name: entry for entry in known}
    for name in names:
        if name not in by_name:
            near = difflib.get_close_matches(name, by_name, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(by_name)}."
            raise ConfigError(f"There is no attention module {name}. {hint}")
    return [by_name[name] for name in names] or known


def _parser() -> Parser:
    parser = Parser("restore attention", "Every attention module: paper, size, time, memory.")
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="classes of restore.attention (default: all)")
    parser.add_argument("--channels", type=int, default=64, help="C of the feature map (default: 64)")
    parser.add_argument("--size", type=int, default=128, help="H and W of the feature map (default: 128)")
    parser.add_argument("--rounds", type=int, default=5, help="timed rounds at least, the median counts (default: 5)")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="cpu", help="(default: cpu)")
    parser.add_argument(
        "--markdown",
        type=Path,
        nargs="?",
        const=_DOCS,
        metavar="FILE",
        help=f"also write the page with formulas and YAML lines (default file: {_DOCS})",
    )
    return parser
