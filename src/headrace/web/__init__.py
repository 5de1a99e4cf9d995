"""The service: API and console on the folder of a run, started by `headrace serve`."""
