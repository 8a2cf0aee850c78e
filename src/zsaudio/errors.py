"""The one error type for what a user can put right, and the sentences for what a machine lacks."""

import errno
import os
import re

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
LONGEST = 2000  # characters of a message: the values that it shows may have any length


class ZsAudioError(Exception):
    """Something the user can put right; the message says what, where and how, in one sentence or two."""

    def __init__(self, message: str) -> None:
        super().__init__(message if len(message) <= LONGEST else f"{message[: LONGEST - 3]}...")


def sentence_of(error: Exception) -> str | None:
    """An error as a sentence: one of ours, a file that cannot be read or written, too little memory; None of others."""
    if isinstance(error, ZsAudioError):
        return str(error)
    said = " ".join(str(error).split())[:200]
    low = re.search("allocate memory|out of memory|not enough memory|start new thread", said)  # torch and threads
    if isinstance(error, MemoryError) or (low and isinstance(error, (RuntimeError, OSError))):
        return f"memory does not suffice ({said}); close other programs, or use a machine with more"
    if isinstance(error, OSError):
        reason = os.strerror(error.errno) if error.errno else said
        room = "; make room and run again" if error.errno in FULL else ""
        return f"{reason}: {error.filename or 'a file being written'}; nothing half-written is left{room}"
    return None
