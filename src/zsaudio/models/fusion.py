"""Fusion of two scores (eq. 7)."""

from typing import Any


def fuse(gamma: float, attended: Any, uniform: Any) -> Any:
    """Eq. 7: p_hat = gamma y_hat + (1 - gamma) z_hat, of arrays or tensors of one shape.

    Args:
        gamma: weight of attention, from 0 to 1.
        attended: y_hat (eq. 5).
        uniform: z_hat (eq. 6).
    """
    return gamma * attended + (1 - gamma) * uniform
