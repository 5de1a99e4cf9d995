"""One value, one sequence of bytes: JSON with sorted keys, no spaces, UTF-8.

Two programs that hold equal values can then compare digests. A line of a `.jsonl` file here is
such an object and ends with one newline byte.
"""

import json
import re
from typing import Any

_HEX = re.compile("[0-9a-f]*")


def canonical_json(value: Any) -> bytes:
    """The canonical bytes of a JSON value, without a newline.

    Raises:
        ValueError: If the value has no JSON form: NaN, an infinity, or a lone surrogate in a text.
        TypeError: If it holds something that is not JSON.
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def parse_object(line: bytes) -> dict[str, Any] | None:
    """The JSON object that a line holds in any spelling; None where it holds none."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):  # not UTF-8, not JSON, or nested to exhaust the stack
        return None
    return value if isinstance(value, dict) else None


def parse_canonical(line: bytes) -> dict[str, Any] | None:
    """The JSON object of a canonical line; None where the line is anything else.

    Writing the value again and comparing the bytes catches every deviation at once: spaces, order,
    escapes, a key that occurs twice, `1.0` for `1`.
    """
    value = parse_object(line)
    if value is None:
        return None
    try:
        rewritten = canonical_json(value)
    except (ValueError, RecursionError):
        return None
    return value if rewritten == line else None


def split_lines(data: bytes) -> tuple[list[bytes], bool]:
    """The lines of a file without their newlines, and whether the last one has its newline."""
    lines = data.split(b"\n")
    is_complete = lines[-1] == b""
    return (lines[:-1] if is_complete else lines), is_complete


def join_lines(lines: list[bytes]) -> bytes:
    """The file that `split_lines` would take apart again."""
    return b"".join(line + b"\n" for line in lines)


def is_hex(value: object, *, byte_count: int) -> bool:
    """Whether a value is a text of `byte_count` bytes in lower-case hexadecimal."""
    return isinstance(value, str) and len(value) == 2 * byte_count and bool(_HEX.fullmatch(value))
