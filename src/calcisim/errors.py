"""Errors that a user can do something about, each with the exit code the command line ends with.

The message is for the user and complete in itself: what happened, where, why, and what to try. Anything else that is raised
is a fault of calcisim and ends with code 1.
"""


class CalcisimError(Exception):
    """Base of all errors that are shown as one message without a traceback."""

    exit_code = 1


class UsageError(CalcisimError):
    """A command, an argument or a directory that cannot be used as asked."""

    exit_code = 2


class SolverError(CalcisimError):
    """The solver could not go on; the message names day, voxel and cause."""

    exit_code = 3


class MemoryRefused(CalcisimError):
    """The run would need more memory than is free; it was not started."""

    exit_code = 4


class StorageError(CalcisimError):
    """A file could not be read or written: disk full, read-only, vanished, damaged."""

    exit_code = 74


class DamagedError(StorageError):
    """What a file holds cannot be used: it is missing, cut or damaged."""


class RunLocked(CalcisimError):
    """Another process is working in this run directory."""

    exit_code = 75
