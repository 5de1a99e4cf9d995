"""A typed client of the service's API.

`generated.py` is written from the API's own document by `python docs/make_client.py`; a test holds
it to that. What is sent and how refusals come back is in `transport.py`.
"""

from headrace.client.generated import Client
from headrace.client.transport import NotReachedError, RefusedError

__all__ = ["Client", "NotReachedError", "RefusedError"]
