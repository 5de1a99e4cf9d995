"""Files that pages load, read once, each under a name that tells its content.

A browser may keep them for ever. A request is looked up among these names: no path of it ever
reaches the file system.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from headrace.adapters.html import part
from headrace.adapters.html.explorer import explorer_script

TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
SHARED = ("echarts.min.js",)  # what the report draws with, the console draws with too


@dataclass(frozen=True)
class Asset:
    """One file.

    Attributes:
        url: Its path with a digest of its content in it.
        content: The bytes.
        media_type: Of the content.
    """

    url: str
    content: bytes
    media_type: str


def load_assets() -> Mapping[str, Asset]:
    """All files of the folder `static`, by their plain names, such as console.css."""
    own = [each for each in files(__package__).joinpath("static").iterdir() if each.is_file()]
    vendor = files("headrace.adapters.html").joinpath("vendor")
    found = [*own, *(vendor.joinpath(name) for name in SHARED)]
    contents = {each.name: each.read_bytes() for each in found}
    contents["explorer.js"] = explorer_script().encode()  # one picture, in files and here
    contents["explorer.css"] = part("explorer.css").encode()
    return {name: _asset(name, content) for name, content in contents.items()}


def _asset(name: str, content: bytes) -> Asset:
    stem, _, ending = name.rpartition(".")
    digest = hashlib.sha256(content).hexdigest()[:16]
    return Asset(f"/static/{stem}.{digest}.{ending}", content, TYPES[ending])


ASSETS = load_assets()
BY_URL = {asset.url: asset for asset in ASSETS.values()}
