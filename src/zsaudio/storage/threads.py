"""How many threads a pool has."""

import os


def available(threads: int) -> int:
    """The number that the param `threads` means: 0 is as many as the processor has."""
    return threads or os.cpu_count() or 1
