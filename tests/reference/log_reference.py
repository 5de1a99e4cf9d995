"""The log's format in plain steps: what a segment should hold, and what can be read out of one."""

import zlib


def u32(number: int) -> bytes:
    return number.to_bytes(4, "little")


def u64(number: int) -> bytes:
    return number.to_bytes(8, "little")


def segment_bytes(first: int, payloads: list[bytes]) -> bytes:
    """A segment of these records, numbered from `first`."""
    header = b"HRSEGM\r\n" + u32(1) + u64(first)
    text = header + u32(zlib.crc32(header))
    for sequence, payload in enumerate(payloads, start=first):
        fields = u32(len(payload)) + u64(sequence)
        text += fields + u32(zlib.crc32(fields + payload)) + payload
    return text


def mark_bytes(sequence: int) -> bytes:
    """The watermark below which everything was acknowledged."""
    text = b"HRMARK\r\n" + u64(sequence)
    return text + u32(zlib.crc32(text))


def whole_records(text: bytes, first: int) -> list[bytes]:
    """The payloads before the first record that is incomplete, damaged or out of order."""
    payloads: list[bytes] = []
    if text[:24] != segment_bytes(first, []):
        return payloads
    rest = text[24:]
    while len(rest) >= 16:
        length = int.from_bytes(rest[:4], "little")
        payload = rest[16 : 16 + length]
        wanted = segment_bytes(first + len(payloads), [payload])[24:]
        if rest[: 16 + length] != wanted:
            break
        payloads.append(payload)
        rest = rest[16 + length :]
    return payloads


def split(payloads: list[bytes], segment_limit: int) -> list[tuple[int, list[bytes]]]:
    """First sequence and payloads of each segment: one is full once it holds `segment_limit`."""
    segments: list[tuple[int, list[bytes]]] = [(0, [])]
    for sequence, payload in enumerate(payloads):
        first, inside = segments[-1]
        if inside and len(segment_bytes(first, inside)) >= segment_limit:
            segments.append((sequence, []))
        segments[-1][1].append(payload)
    return segments
