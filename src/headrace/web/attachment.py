"""A file to be kept: how everything that can be downloaded is answered."""

import re

from fastapi import Response

_ODD = re.compile(r"[^\w.-]", re.ASCII)


def attachment(content: bytes | str, name: str, media_type: str) -> Response:
    """A file under a name that says nothing to a browser but its own: other signs become `_`."""
    headers = {"content-disposition": f'attachment; filename="{_ODD.sub("_", name)}"'}
    return Response(content, media_type=media_type, headers=headers)
