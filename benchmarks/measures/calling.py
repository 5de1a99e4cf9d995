"""How a measurement is called: in this process, or in one of its own."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any


def here(measure: Callable[..., Any], *arguments: Any) -> Any:
    """Measure in this process: enough where figures mean little."""
    return measure(*arguments)


def apart(measure: Callable[..., Any], *arguments: Any) -> Any:
    """Measure in a process of its own, so that neither memory nor warmth is inherited."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure, *arguments).result()
