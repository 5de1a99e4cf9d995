"""Findings of the graph as an explorer page shows them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from headrace.adapters.html import explorer
from headrace.adapters.html.explorer import Words
from headrace.adapters.html.neighbourhood import Neighbourhood
from headrace.pack import Text
from headrace.workflows.graph_findings import Finding


def page_findings(
    found: Sequence[Finding], near: Neighbourhood, version: NDArray[np.int64]
) -> list[explorer.Finding]:
    """Those whose members are all on the page; relations that are not there are left out.

    Args:
        found: Findings of a snapshot.
        near: What the page holds.
        version: Position in the statements of each edge of that snapshot.
    """
    there = {party.code for party in near.parties}
    places = {int(each): place for place, each in enumerate(near.version.tolist())}
    return [
        explorer.Finding(
            finding.kind,
            _words(finding.title),
            _words(finding.words),
            finding.members,
            tuple(places[at] for at in version[finding.edges].tolist() if at in places),
            numbers=tuple((_words(label), value) for label, value in finding.numbers),
        )
        for finding in found
        if there.issuperset(finding.members)
    ]


def _words(text: Text) -> Words:
    return Words(text.en, text.zh)
