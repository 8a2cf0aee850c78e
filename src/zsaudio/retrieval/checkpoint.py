"""What fine-tuning has reached after an epoch, on disk: a process that is killed goes on from there.

A folder has checkpoint.safetensors, the weights and Adam's state with the training curve as its head, and the weights
of the best epoch, best_FINGERPRINT_EPOCH.safetensors. Random numbers are drawn by seed and epoch: they have no state.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open

from zsaudio.retrieval.towers import DualEncoder, write_tensors
from zsaudio.training.loop import Epoch

NAME = "checkpoint.safetensors"


class Checkpoint:
    """The checkpoints of one training."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        """Args:
        folder: where they are, and nothing else.
        fingerprint: of all that the training depends on; a checkpoint of another is not taken up.
        """
        self._folder, self._fingerprint = folder, fingerprint

    def best(self, curve: Sequence[Epoch]) -> Path:
        """The file of the weights of the epoch that validated best, the first of several."""
        return self._folder / f"best_{self._fingerprint[:8]}_{curve[_best(curve)].epoch}.safetensors"

    def write(self, encoder: DualEncoder, optimiser: torch.optim.Adam, curve: Sequence[Epoch]) -> None:
        """Write what an epoch has made; at any time the folder holds what it held before or this.

        Raises:
            ZsAudioError: a file cannot be written.
        """
        best = self.best(curve)
        if _best(curve) == len(curve) - 1:
            encoder.save_weights(best)
        state = {
            f"adam.{name}.{key}": value
            for name, weight in encoder.named_parameters()
            for key, value in optimiser.state.get(weight, {}).items()
        }
        weights = {f"encoder.{name}": weight for name, weight in encoder.weights().items()}
        head = {"fingerprint": self._fingerprint, "curve": json.dumps([asdict(epoch) for epoch in curve])}
        write_tensors(self._folder / NAME, weights | state, head)
        for path in set(self._folder.glob("best_*.safetensors")) - {best}:
            path.unlink()

    @torch.no_grad()
    def read(self, encoder: DualEncoder, optimiser: torch.optim.Adam) -> list[Epoch]:
        """Take up what was reached, in place; the curve, which is empty where training begins.

        A checkpoint that is damaged or of another training is not taken up, which is printed.
        """
        path = self._folder / NAME
        for unfinished in self._folder.glob(".*.tmp"):  # of a process that was killed while it wrote
            unfinished.unlink()
        if not path.exists():
            return []
        try:
            with safe_open(path, "pt") as file:
                head = file.metadata() or {}
                if head.get("fingerprint") != self._fingerprint:
                    print(f"{path}: is of other settings, weights, code or data; training begins anew")
                    return []
                curve = [Epoch(**epoch) for epoch in json.loads(head["curve"])]
                if not self.best(curve).exists():
                    print(f"{self.best(curve)}: is missing; training begins anew")
                    return []
                stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            print(f"{path}: cannot be read ({error}); training begins anew")
            return []
        for name, weight in encoder.weights().items():
            weight.copy_(stored[f"encoder.{name}"])
        for name, parameter in encoder.named_parameters():
            state = {key: stored.get(f"adam.{name}.{key}") for key in ("step", "exp_avg", "exp_avg_sq")}
            if state["step"] is not None:
                moments = {key: value.to(parameter.device) for key, value in state.items() if value is not None}
                optimiser.state[parameter] = moments | {"step": state["step"]}
        return curve


def fingerprint(settings: object, encoder: DualEncoder) -> str:
    """A hash of settings, as JSON writes them, of the code of fine-tuning, and of the weights that it begins with."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode())
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    for name, weight in sorted(encoder.weights().items()):
        digest.update(f"{name} {tuple(weight.shape)}".encode() + weight.cpu().numpy().tobytes())
    return digest.hexdigest()


def _best(curve: Sequence[Epoch]) -> int:
    return int(np.argmax([epoch.validation_map for epoch in curve]))
