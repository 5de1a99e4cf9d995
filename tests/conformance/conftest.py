"""Prints how many cases of each folder pass, after the tests."""

from collections import defaultdict


def pytest_terminal_summary(terminalreporter):
    rows = [
        value
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        for name, value in getattr(report, "user_properties", [])
        if name == "tck"
    ]
    if not rows:
        return
    terminalreporter.section("DMN TCK: cases that pass, by folder")
    totals = defaultdict(lambda: [0, 0])
    for level, folder, passed, count in sorted(map(tuple, rows)):
        totals[level][0] += passed
        totals[level][1] += count
        missing = f"  {count - passed} fail" if passed < count else ""
        terminalreporter.line(f"{level}/{folder}  {passed}/{count}{missing}")
    for level, (passed, count) in totals.items():
        terminalreporter.line(f"{level}: {passed:,} of {count:,}")
