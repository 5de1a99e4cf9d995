"""What every benchmark does as a command: options, what it says as it goes, what it prints."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

Measured = tuple[list[dict[str, Any]], bool]
"""Results, and whether all that had to agree did."""


def say(text: str) -> None:
    """On standard error, at once."""
    print(text, file=sys.stderr, flush=True)


def line(each: Mapping[str, Any], metric: int = 45, unit: int = 12, bar: int = 11) -> str:
    """A result for people, in columns of so many characters."""
    mark = "  " if each["bar"] is None else ("ok" if each["holds"] else "NO")
    spread = ""
    if "interval_95" in each:
        both = each["interval_95"]
        spread = f"{'[{:.3f}, {:.3f}]'.format(*both) if both else '':<16} "
    peers = ", ".join(f"{name} {value:,.4g}" for name, value in each["peers"].items())
    return (f"{mark} {each['metric']:<{metric}} {each['value']:>12,.4g} {each['unit']:<{unit}} "
            f"{spread}{each['bar'] or '':<{bar}} {each['hash']} {each['data']}"
            + (f" [{peers}]" if peers else ""))  # fmt: skip


def parser(description: str | None) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    options = argparse.ArgumentParser(description=description)
    for flag in ("--quick", "--json", "--strict"):
        options.add_argument(flag, action="store_true")
    options.add_argument("--only", default="")
    return options


def run(
    given: argparse.Namespace,
    measure: Callable[[], Measured],
    shown: Callable[[dict[str, Any]], str] = line,
) -> None:
    """Measure and print; exit 1 where ways disagree or, with --strict, a bar does not hold."""
    from foundation import machine  # noqa: PLC0415 - processes started from here need none of it

    load = round(os.getloadavg()[0], 1)
    results, agree = measure()
    if given.json:
        print(json.dumps({"machine": {**machine(), "load": load}, "results": results}))
    else:
        for each in results:
            print(shown(each))
    if not agree or (given.strict and not all(each["holds"] for each in results)):
        sys.exit(1)
