"""A disk without space, made by the system itself."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def disk_space(size: int) -> Iterator[None]:
    """No file may grow beyond this many bytes: the system's own refusal (EFBIG)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
