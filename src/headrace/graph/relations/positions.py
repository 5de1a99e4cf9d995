"""Exposures that stood at a moment, by the same rule as relations."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.facts.cells import numpy_mask
from headrace.graph.relations import kernels
from headrace.graph.relations.snapshot import by_statement
from headrace.graph.relations.statements import ALWAYS, NEVER, numbered, whole


def standing_exposures(exposures: pa.Table, moment: int, known: int) -> pa.Table:
    """The positions that were open at a moment, in the order of the facts.

    Args:
        exposures: Facts of kind exposure.
        moment: Microseconds since 1970, UTC.
        known: What became known after it is not used.
    """
    times = whole(exposures["known_time"], ALWAYS)
    version = kernels.standing(
        *by_statement(numbered(exposures), times),
        times,
        whole(exposures["event_time"], ALWAYS),
        whole(exposures["valid_to"], NEVER),
        numpy_mask(pc.equal(exposures["status"].cast(pa.string()), "withdrawn")),
        moment,
        known,
    )
    return exposures.take(pa.array(np.sort(version)))
