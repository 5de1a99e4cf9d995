"""Progress in a terminal: a line a step, with what came out and how long it took."""

from collections.abc import Mapping
from time import perf_counter

from rich.console import Console
from rich.status import Status

from headrace.pack import Text


class TerminalProgress:
    """Shows a spinner for the step at work and a line for each step done, on standard error."""

    def __init__(self, steps: Mapping[str, Text], language: str) -> None:
        """Watch a run.

        Args:
            steps: What each step is called.
            language: "zh" or "en".
        """
        self._names = {step: text.in_language(language) for step, text in steps.items()}
        self._console = Console(stderr=True, highlight=False)
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
        name = self._names.get(step, step)
        self._console.print(
            f"[green]✓[/] {name:<12} [bold]{detail:<28}[/] [dim]{seconds:5.1f} s[/]"
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
