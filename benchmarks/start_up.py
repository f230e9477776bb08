"""How long a person waits for help: `--help`, `denoise --help`, `import restore`.

python benchmarks/start_up.py [--rounds 15]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "cli.py --help": [sys.executable, str(ROOT / "cli.py"), "--help"],
    "cli.py denoise --help": [sys.executable, str(ROOT / "cli.py"), "denoise", "--help"],
    "cli.py evaluate --help": [sys.executable, str(ROOT / "cli.py"), "evaluate", "--help"],
    "cli.py denois (misspelt)": [sys.executable, str(ROOT / "cli.py"), "denois"],
    "cli.py fit --config rcn (misspelt)": [sys.executable, str(ROOT / "cli.py"), "fit", "--config", "rcn"],
    "import restore": [sys.executable, "-c", "import restore"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    for name, words in COMMANDS.items():
        times = []
        for _ in range(options.rounds + 1):
            begin = time.perf_counter()
            subprocess.run(words, capture_output=True, cwd=ROOT, check=False)
            times.append(time.perf_counter() - begin)
        times = times[1:]
        print(f"{name:<36} median {statistics.median(times):.3f} s  ({min(times):.3f} to {max(times):.3f})")


if __name__ == "__main__":
    main()
