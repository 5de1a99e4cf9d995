"""Groups of commands of the command line, mounted by `headrace.cli`."""
