"""The garbage collector around the start: it finds nothing in a million freshly imported objects, again and again.

Measured by tests/bench: a third of the time to the first verdict went into it. Once the libraries are in, they are set
apart for good: later collections, which stop everything, go over what the daemon itself makes only.
"""

from __future__ import annotations

import gc


def starting() -> None:
    """Collect nothing for now. To be followed by `started`, unless the process is about to end."""
    gc.disable()


def started() -> None:
    """Collect again, all but what exists now."""
    gc.collect()
    gc.freeze()
    gc.enable()
