"""DMN 1.2 to 1.5: decision models read from XML, compiled, and decided with.

model = read_model(text)
outcome = decide(model, "Approval", {"Age": Decimal(42)})
outcome.value, outcome.notes, outcome.fired
"""

from headrace.decisions.dmn.decide import Outcome, decide
from headrace.decisions.dmn.model import Model, read_model
from headrace.decisions.dmn.reader import read_definitions
from headrace.decisions.dmn.run import Fired
from headrace.decisions.dmn.writer import write_definitions

__all__ = [
    "Fired",
    "Model",
    "Outcome",
    "decide",
    "read_definitions",
    "read_model",
    "write_definitions",
]
