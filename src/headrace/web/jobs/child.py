"""The process one job runs in: `python -m headrace.web.jobs.child`, started by `desk`.

It reads one line of JSON from standard input and writes lines of JSON to standard output: how far
it is, then how it ended. Its standard input stays open as long as whoever started it lives; at its
end this process ends too, at once, so that no job goes on that nobody looks after.
"""

import importlib
import json
import os
import sys
import threading
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from headrace.adapters.workspace import Workspace, workspace_at
from headrace.errors import HeadraceError
from headrace.pack import Text
from headrace.web.jobs.kinds import Task, kind_of

NICE = 5  # requests go before jobs


@dataclass(frozen=True)
class Line:
    """Writes lines of JSON to whoever started this process."""

    out: TextIO

    def tell(self, share: float, text: Text) -> None:
        """How far it is."""
        self._write({"progress": [min(1.0, max(0.0, share)), text.en, text.zh]})

    def result(self, result: Any) -> None:
        """It is done."""
        self._write({"result": result})

    def problem(self, error: HeadraceError) -> None:
        """It cannot be done."""
        told = {"problem": error.problem, "where": error.where, "remedy": error.remedy}
        self._write({"problem": told})

    def broken(self, told: str) -> None:
        """Nobody foresaw this."""
        self._write({"broken": told})

    def _write(self, line: dict[str, Any]) -> None:
        self.out.write(json.dumps(line) + "\n")
        self.out.flush()


def main() -> None:
    """Do one job."""
    line = Line(_own_output())
    asked = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(NICE)
    try:
        kind = kind_of(asked["kind"])
        task = Task(
            id=asked["id"],
            workspace=_workspace(asked["workspace"]),
            given=kind.read(asked["given"]),
            by=asked["by"],
            created=asked["created"],
            folder=Path(asked["folder"]),
        )
        module, _, name = kind.work.partition(":")
        line.result(getattr(importlib.import_module(module), name)(task, line.tell))
    except HeadraceError as error:
        line.problem(error)
    except Exception:  # noqa: BLE001 - the boundary of the process: the parent writes the log
        line.broken(traceback.format_exc())


def _workspace(root: str) -> Workspace:
    return workspace_at(Path(root))


def _own_output() -> TextIO:
    """Standard output for our lines alone: whatever else is printed goes to standard error."""
    own = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return own


def _end_with_parent() -> None:
    while sys.stdin.buffer.read(1024):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
