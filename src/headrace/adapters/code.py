"""Which code is running: for the evidence of a run."""

import hashlib
from importlib import resources

from headrace import __version__


def code_digest() -> dict[str, str]:
    """Version of Headrace and SHA-256 over its Python files, names included, in order."""
    digest = hashlib.sha256()
    pending = [("headrace", resources.files("headrace"))]
    while pending:
        name, entry = pending.pop()
        if entry.is_dir():
            inner = sorted(entry.iterdir(), key=lambda each: each.name, reverse=True)
            pending += [(f"{name}/{each.name}", each) for each in inner]
        elif name.endswith(".py"):
            digest.update(f"{name}\0".encode())
            digest.update(hashlib.sha256(entry.read_bytes()).digest())
    return {"headrace": __version__, "code": digest.hexdigest()}
