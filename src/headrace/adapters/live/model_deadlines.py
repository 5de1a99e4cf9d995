"""Models asked with a deadline: one that is late, fails, or is still busy gets no answer.

A policy says how long a model may take (`within ms`) and what stands in for it. A model without a
deadline is asked in place. One with a deadline is asked in a thread of its own; while an answer is
overdue the model is not asked again, so that a stuck model costs one thread and no queue.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as LateError
from typing import Self

from headrace.decisions.flow.policy import ModelStep
from headrace.decisions.flow.program import Floats, Model


class Deadlines:
    """An `Ask` for `LiveDecisions` that keeps to deadlines. A context manager.

    Attributes:
        late: How often each step's model was late, by name.
        failed: How often it raised, by name.
    """

    def __init__(self, failing: Callable[[str, Exception], None] | None = None) -> None:
        """Start without threads.

        Args:
            failing: Told when a model raises; None keeps the count alone.
        """
        self.late: dict[str, int] = {}
        self.failed: dict[str, int] = {}
        self._failing = failing
        self._workers: dict[str, ThreadPoolExecutor] = {}
        self._overdue: dict[str, Future[Floats]] = {}
        self._turn = threading.Lock()

    def __call__(self, step: ModelStep, model: Model, x: Floats) -> Floats | None:
        """A model's answer; None where it is late or fails."""
        if step.within_ms is None:
            return self._answer(step.name, lambda: model.probability(x))
        with self._turn:
            before = self._overdue.get(step.name)
            if before is not None and not before.done():
                self._count(self.late, step.name)
                return None
            self._overdue.pop(step.name, None)
            if step.name not in self._workers:
                self._workers[step.name] = ThreadPoolExecutor(1, f"model {step.name}")
            asked = self._workers[step.name].submit(model.probability, x)
        try:
            return self._answer(step.name, lambda: asked.result(step.within_ms / 1000))  # type: ignore[operator]  # not None, see above
        except LateError:
            with self._turn:
                self._overdue[step.name] = asked
                self._count(self.late, step.name)
            return None

    def close(self) -> None:
        """Let threads end; one whose model is stuck ends with the process."""
        for worker in self._workers.values():
            worker.shutdown(wait=False, cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _answer(self, name: str, ask: Callable[[], Floats]) -> Floats | None:
        try:
            return ask()
        except LateError:
            raise
        except Exception as error:  # noqa: BLE001  (a model is foreign code: its failure is data)
            self._count(self.failed, name)
            if self._failing is not None:
                self._failing(name, error)
            return None

    @staticmethod
    def _count(counts: dict[str, int], name: str) -> None:
        counts[name] = counts.get(name, 0) + 1
