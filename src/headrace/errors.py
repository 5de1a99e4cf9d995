"""Every error Headrace raises on purpose.

    HeadraceError
    ├── InputError            a file, table, column or setting given by the user is not usable
    │   └── MappingError      a mapping, policy or scenario file says something that cannot be
    ├── LeakageError          a score was about to be fitted on what is only known after the outcome
    ├── InfeasibleError       no loan book satisfies the constraints that were given
    └── EvidenceError         evidence is missing or cannot be read (alteration is a finding)

Errors that carry more, or that one part alone raises, are defined there: `ExpressionError` and
`FeatureSetError` (every problem of a file), both a `MappingError`, in `features`; `StorageError`,
`DamageError` and `UnacknowledgedError` of a log on disk, each a `HeadraceError`, in `adapters`.

An error says what was wrong, where, and what would be right. Bad rows are not errors: they go to
quarantine and the run goes on.
"""


class HeadraceError(Exception):
    """Base of every error raised on purpose; the command line prints it without a traceback."""

    def __init__(self, problem: str, *, where: str = "", remedy: str = "") -> None:
        """Keep the three parts apart, so that a console can lay them out.

        Args:
            problem: What was wrong, one sentence.
            where: The file, row, column or field; empty where there is only one place it can be.
            remedy: What would be right, or the next step.
        """
        self.problem = problem
        self.where = where
        self.remedy = remedy
        super().__init__(". ".join(part.rstrip(".") for part in (problem, where, remedy) if part))


class InputError(HeadraceError):
    """A file, table, column or setting given by the user is not usable."""


class MappingError(InputError):
    """A mapping, policy or scenario file says something that cannot be."""


class LeakageError(HeadraceError):
    """A score was about to be fitted on what is only known after the outcome."""


class InfeasibleError(HeadraceError):
    """No loan book satisfies the constraints that were given."""


class EvidenceError(HeadraceError):
    """Evidence is missing or cannot be read."""
