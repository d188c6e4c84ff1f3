"""Run what reads hostile bytes in child processes, with limits on memory and time: if one dies, only its call dies.

A child has none of its parent's secrets in its environment. What it sends back may hold plain values, arrays and the
classes that the caller names, and nothing else (`wire.py`). Plain Python: web and worker use it alike. Linux only.
"""

from jobs.guard.guards import AllBusy, Crashed, GuardError, Guards, Limits, OutOfMemory, TookTooLong
from jobs.guard.wire import shared_copy

__all__ = ["AllBusy", "Crashed", "GuardError", "Guards", "Limits", "OutOfMemory", "TookTooLong", "shared_copy"]
