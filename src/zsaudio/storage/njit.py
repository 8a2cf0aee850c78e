"""Functions that numba compiles, kept on disk between runs where that is possible."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import numba
from numba.core.caching import FunctionCache

F = TypeVar("F", bound=Callable[..., Any])


class _Cache(FunctionCache):  # type: ignore[misc]
    """numba's cache on disk; what it cannot read there is compiled again, what it cannot write there is not kept."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # a cut file fails anywhere in unpickling
            with suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        with suppress(OSError):
            super().save_overload(sig, data)


def njit(**options: Any) -> Callable[[F], F]:
    """`numba.njit` without Python's lock, and with a cache that needs no writable disk and heals itself.

    Args:
        options: others of `numba.njit`.
    """

    def compiled(function: F) -> F:
        dispatcher: Any = numba.njit(nogil=True, **options)(function)
        with suppress(RuntimeError):  # neither the folder of the code nor one of the user's can be written
            dispatcher._cache = _Cache(function)
        return dispatcher  # type: ignore[no-any-return]

    return compiled
