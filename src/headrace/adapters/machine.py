"""What a run may take of the machine: threads, and the standard output of compiled libraries."""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
from threadpoolctl import threadpool_limits

THREADS_MAX = 256


@contextmanager
def limited_threads(count: int) -> Iterator[None]:
    """Let Arrow and the linear algebra underneath use so many threads."""
    before = pa.cpu_count()
    pa.set_cpu_count(count)
    try:
        with threadpool_limits(count):
            yield
    finally:
        pa.set_cpu_count(before)


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Drop what compiled libraries write to standard output: HiGHS notes things to its makers.

    Python's own output must wait until afterwards; errors go to standard error as ever.
    """
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    try:
        yield
    finally:
        _flush_c_library()
        os.dup2(kept, 1)
        os.close(kept)


def _flush_c_library() -> None:
    """What C code printed waits in a buffer of the C library; it must leave by the same door."""
    if os.name == "posix":
        ctypes.CDLL(None).fflush(None)
