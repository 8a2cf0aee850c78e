"""Roles of clips, and shares of them, dealt at random and always alike."""

import numpy as np
import numpy.typing as npt

ROLES = ("train", "validation", "test")


def part(rows: npt.NDArray[np.int64], share: float, role: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """A random share of rows for a role, at least one, and the rest; a smaller share is part of a larger one."""
    order = np.random.default_rng([len(rows), *role.encode()]).permutation(rows)
    size = max(round(share * len(rows)), 1)
    return order[:size], order[size:]
