"""Work beside decisions takes turns, with pauses, so that decisions need not wait for it.

One interpreter runs one thread at a time, and gives each that has something to do as much of it as
the others. What is done behind a decision would leave decisions half of the processor, and three
such works at once a quarter: events then come faster than they are decided, and all wait.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock
from time import thread_time

PAUSES = 3
"""How many times as long as a piece of work computed nobody begins another one."""

PAUSE_MAX_SECONDS = 0.2

_turn = Lock()  # of the process, as the interpreter is


@contextmanager
def in_turn(stopped: Event) -> Iterator[None]:
    """Do a piece of work, of a few milliseconds, when it is its turn.

    Args:
        stopped: Set where the service stops: nobody pauses any more.
    """
    with _turn:
        began = thread_time()
        try:
            yield
        finally:
            stopped.wait(min(PAUSE_MAX_SECONDS, PAUSES * (thread_time() - began)))
