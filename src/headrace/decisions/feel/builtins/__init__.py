"""Built-in functions of FEEL (DMN 1.5, 10.3.4), a module for each group."""

from headrace.decisions.feel.builtins import (  # noqa: F401 - each declares its functions
    contexts,
    conversion,
    dates,
    lists,
    numbers,
    ranges,
    strings,
)
from headrace.decisions.feel.builtins.registry import BUILTINS, Builtin

__all__ = ["BUILTINS", "Builtin"]
