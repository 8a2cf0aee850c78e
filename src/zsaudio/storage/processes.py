"""How processes end: with the one that started them, and at Ctrl-C at once."""

import ctypes
import os
import signal
import threading
import time

from zsaudio.storage.files import remove_unfinished

PR_SET_PDEATHSIG = 1  # of Linux's prctl
SECONDS = 0.5  # between two looks at the parent, where the kernel does not watch it


def end_with_parent(parent: int) -> None:
    """End this process when its parent ends, however that happens; now, if it has ended already.

    Args:
        parent: the process that started this one, by its id.
    """
    try:
        watched = ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL) == 0
    except (AttributeError, OSError, TypeError):  # not Linux
        watched = False
    if not watched:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        os._exit(1)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(SECONDS)
    os._exit(1)


def end_at_interrupt(name: str) -> None:
    """Let Ctrl-C end this process at once, whatever it is doing, with a line that names it; nothing is left half-made.

    An exception would have to find its way out of imports, threads and compiled code, and often does not.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # as it is in the background

        def end(*_: object) -> None:
            remove_unfinished()
            os.write(2, f"\n{name}: interrupted\n".encode())  # past what is being printed
            os._exit(130)

        signal.signal(signal.SIGINT, end)
