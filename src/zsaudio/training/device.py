"""Where torch computes: the processor or a GPU."""

import torch
import torch.utils.deterministic

from zsaudio.errors import ZsAudioError


def choose_device(name: str) -> torch.device:
    """The device of a name: cpu, cuda, or auto, which is a GPU where there is one.

    Raises:
        ZsAudioError: cuda, and torch finds no GPU.
    """
    gpu = torch.cuda.is_available()
    if name == "cuda" and not gpu:
        raise ZsAudioError(
            "device: cuda, but torch finds no GPU; auto uses one where there is one "
            f"(this is torch {torch.__version__}{'' if torch.version.cuda else ', built without CUDA'})"
        )
    return torch.device("cuda" if name != "cpu" and gpu else "cpu")


def set_up(name: str, threads: int, matmul: str) -> torch.device:
    """Set where and how torch computes in this process. Rounding depends on it, and with it results, a little.

    Args:
        name: cpu, cuda, or auto, which is a GPU where there is one.
        threads: of the processor; 0 leaves torch its own choice, all of them.
        matmul: what a GPU multiplies matrices in, float32 or tf32 (a mantissa of 10 bits: faster, and coarser).

    Raises:
        ZsAudioError: there is no such device.
    """
    device = choose_device(name)
    if threads:
        torch.set_num_threads(threads)
    # cuBLAS gives the same result only in a workspace that its environment fixes, so nothing is promised on a GPU.
    # (use_deterministic_algorithms does the same, and imports torch's compiler, which takes a second.)
    torch.set_deterministic_debug_mode("error" if device.type == "cpu" else "default")
    # Costs a twentieth, and nothing here reads memory before it is written.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.set_float32_matmul_precision("high" if matmul == "tf32" else "highest")
    return device
