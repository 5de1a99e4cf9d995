"""Compiled loops over flat arrays. Both engines run these, so they agree to the bit.

    exact     sums in 128 bits, and means and deviations from them
    hashing   keys to dense numbers
    ranges    which rows lie in a window
    scan      aggregates that look at every row of a window
    passes    aggregates of many windows in one pass over sorted rows (batch)
    segments  where the rows of each key lie (stream, as are those below)
    blocks    running totals and extremes over them
    cursors   windows over them, found or followed
    history   the rows of each key, kept sorted while events come in any order

Rows are `int64` words side by side: time, then (where a plan has filters) a word of filter bits,
then (where a table has ids) a hash of the id, then the columns the plan reads.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numba
from numba.extending import intrinsic

VERSIONS_KEPT = 3  # of machine code: other checkouts may share the cache


def _cache_folder() -> str:
    """Where machine code is kept: a folder per version of these sources.

    A compiled loop holds the code of the loops it calls, and numba looks at the file of the
    outermost one only; a changed callee would go unnoticed.
    """
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for source in sorted(here.glob("*.py")):
        digest.update(source.read_bytes())
    home = here / "__pycache__"
    home.mkdir(exist_ok=True) if os.access(here, os.W_OK) else None
    if not os.access(home, os.W_OK):
        home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "headrace"
    folder = home / f"kernels-{digest.hexdigest()[:16]}"
    if not folder.exists():
        _forget_old(home)
    return str(folder)


def _forget_old(home: Path) -> None:
    """Remove the machine code of versions before the last few."""
    folders = sorted(home.glob("kernels-*"), key=lambda folder: folder.stat().st_mtime)
    for folder in folders[: -VERSIONS_KEPT + 1]:
        shutil.rmtree(folder, ignore_errors=True)


_CACHE = numba.config.CACHE_DIR or _cache_folder()


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile on first call, keep the machine code on disk, run without the interpreter's lock.

    Division by zero follows IEEE 754, and no floating-point operation is reordered or fused.
    """
    return _compiled(function, {})


def short(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same for one event, which takes microseconds: it keeps the interpreter's lock.

    A thread that lets go of it gets it back when another one's turn is over, which takes longer.
    """
    return _compiled(function, {"nogil": False})


def part(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same for what only kernels call: it becomes a piece of each of them.

    An array is handed over as seven words; calls would cost more than most parts do.
    """
    return _compiled(function, {"no_cpython_wrapper": True, "forceinline": True})


def routine(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same for what is long and called rarely: it is called."""
    return _compiled(function, {"no_cpython_wrapper": True})


def _compiled(function: Callable[..., Any], options: Mapping[str, bool]) -> Callable[..., Any]:
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = _CACHE
    try:
        usual = {"cache": True, "nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
        compile_on_call = numba.njit(**{**usual, **options})
        compiled: Callable[..., Any] = compile_on_call(function)
    finally:
        numba.config.CACHE_DIR = before
    return compiled


@intrinsic
def bare(_context: Any, array: Any) -> Any:
    """The same array without a count of its owners, which every call would write to memory for.

    Only for arrays that somebody else holds on to for as long as they are used.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        make = context.make_array(signature.return_type)
        bare_array = make(context, builder, value=arguments[0])
        bare_array.meminfo = bare_array.meminfo.type(None)
        return bare_array._getvalue()

    return array(array), generate
