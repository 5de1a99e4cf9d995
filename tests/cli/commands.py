"""Runs the command in this process and keeps what it printed."""

import contextlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrace.cli import main


@dataclass(frozen=True)
class Done:
    """What a command did."""

    status: int
    out: str
    err: str

    @property
    def value(self) -> Any:
        """The one JSON value on standard output."""
        return json.loads(self.out)


def headrace(*arguments: object) -> Done:
    """Run `headrace` with these arguments; what is no exit is an error and fails the test."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main([str(each) for each in arguments])
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
    return Done(status, out.getvalue(), err.getvalue())


def decisions(out: Path) -> list[dict[str, Any]]:
    """The decisions of a run, but for the digest of the code, which may be under work just now."""
    records = [json.loads(line) for line in (out / "records/decisions.jsonl").open("rb")]
    for record in records:
        record["versions"] = [each for each in record["versions"] if each["name"] != "code"]
    return records


def check_refused(done: Done, *said: str) -> None:
    """Status 2, nothing on standard output, and the error says these things."""
    assert done.status == 2, done.err
    assert done.out == ""
    assert "✗" in done.err
    assert "Traceback" not in done.err
    assert "where" in done.err
    assert "try" in done.err
    for each in said:
        assert each in done.err, done.err
