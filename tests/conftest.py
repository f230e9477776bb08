"""What all tests share."""

from __future__ import annotations

import re


def pytest_terminal_summary(terminalreporter):
    """Count the families of goldens that have no adapter yet: a skipped golden is not a passed one."""
    reasons = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    found = [match[0] for reason in reasons if (match := re.search(r"no adapter for the (family|gradient) .+", reason))]
    if found:
        terminalreporter.section("goldens without an adapter")
        terminalreporter.write_line(f"{len(found)} tests of {len(set(found))} families skipped; -rs names them")
