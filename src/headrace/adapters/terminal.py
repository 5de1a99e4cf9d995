"""Progress in a terminal: a line a step, with what came out and how long it took."""

from collections.abc import Mapping
from time import perf_counter

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.markup import escape
from rich.status import Status

from headrace.pack import Text

DETAIL_CELLS = 28


class TerminalProgress:
    """Shows a spinner for the step at work and a line for each step done, on standard error."""

    def __init__(self, steps: Mapping[str, Text], language: str) -> None:
        """Watch a run.

        Args:
            steps: What each step is called.
            language: "zh" or "en".
        """
        self._names = {step: text.in_language(language) for step, text in steps.items()}
        # A Chinese character takes two cells of a terminal, so lengths are counted in cells.
        self._cells = max(cell_len(name) for name in self._names.values())
        self._console = Console(stderr=True, highlight=False, emoji=False)
        self._status: Status | None = None
        self._began = perf_counter()

    def begin(self, step: str) -> None:
        """A step starts."""
        self._began = perf_counter()
        self._status = self._console.status(self._names.get(step, step))
        self._status.start()

    def end(self, step: str, detail: str) -> None:
        """A step is done."""
        self.stop()
        seconds = perf_counter() - self._began
        name = set_cell_size(self._names.get(step, step), self._cells)
        padding = " " * (DETAIL_CELLS - cell_len(detail))
        self._console.print(
            f"[green]✓[/] {escape(name)} [bold]{escape(detail)}[/]{padding} "
            f"[dim]{seconds:5.1f} s[/]",
            soft_wrap=True,
        )

    def stop(self) -> None:
        """Take the spinner away, for example because of an error."""
        if self._status is not None:
            self._status.stop()
            self._status = None


class Silent:
    """Watches nothing."""

    def begin(self, step: str) -> None:
        """A step starts."""

    def end(self, step: str, detail: str) -> None:
        """A step is done."""
