"""Where torch computes: the processor or a GPU."""

from __future__ import annotations

from enum import StrEnum

import torch
import torch.utils.deterministic

from zsaudio.errors import ZsAudioError


class Matmul(StrEnum):
    """What a GPU multiplies matrices of float32 in."""

    FLOAT32 = "float32"
    TF32 = "tf32"  # a mantissa of 10 bits: faster, and coarser


def choose_device(name: str) -> torch.device:
    """The device of a name: cpu, cuda, or auto, which is a GPU where there is one.

    Raises:
        ZsAudioError: cuda, and torch finds no GPU.
    """
    found = torch.cuda.is_available()
    if name == "cuda" and not found:
        raise ZsAudioError(
            "device: cuda, but torch finds no GPU; auto takes one where there is one "
            f"(this is torch {torch.__version__}{'' if torch.version.cuda else ', a build for the processor alone'})"
        )
    return torch.device("cuda" if name != "cpu" and found else "cpu")


def set_up(device: torch.device, threads: int, matmul: str) -> None:
    """Set how torch computes in this process.

    Args:
        device: where.
        threads: of the processor; 0 leaves torch its own choice, all of them.
        matmul: a `Matmul`.
    """
    if threads:
        torch.set_num_threads(threads)
    # cuBLAS gives the same result only in a workspace that its environment fixes, so nothing is promised on a GPU.
    torch.use_deterministic_algorithms(device.type == "cpu")
    # Costs a twentieth, and nothing here reads memory before it is written.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.set_float32_matmul_precision("high" if matmul == Matmul.TF32 else "highest")
