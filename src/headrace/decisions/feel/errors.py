"""The error FEEL raises: text that is not FEEL, or a run that asks for more than it may use."""

from headrace.errors import HeadraceError


class FeelError(HeadraceError):
    """FEEL text that cannot be read, or an evaluation that went over its limits.

    What DMN answers with null (a wrong type, a missing name) is no error but a note of the run;
    see `headrace.decisions.feel.notes`.
    """
