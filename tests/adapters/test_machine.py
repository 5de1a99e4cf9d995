import os
import subprocess
import sys

import pyarrow as pa
import pytest

from headrace.adapters.machine import limited_threads, quiet_libraries

NOISY = """
import ctypes
from headrace.adapters.machine import quiet_libraries
with quiet_libraries():
    ctypes.CDLL(None).printf(b"noise of a solver\\n")
print("{}")
"""


def write_and_fail():
    os.write(1, b"aside")
    raise FileNotFoundError(2, "No such file")


@pytest.mark.skipif(os.name != "posix", reason="the C library is found by this name on POSIX")
def test_what_compiled_code_prints_is_kept_off_standard_output():
    done = subprocess.run([sys.executable, "-c", NOISY], capture_output=True, check=True)
    assert done.stdout == b"{}\n"
    assert done.stderr == b""


def test_standard_output_comes_back_after_an_error(capfd):
    with pytest.raises(OSError, match="No such file"), quiet_libraries():
        write_and_fail()
    os.write(1, b"out")
    assert capfd.readouterr() == ("out", "")


def test_threads_are_given_back():
    before = pa.cpu_count()
    with limited_threads(1):
        assert pa.cpu_count() == 1
    assert pa.cpu_count() == before
