"""A small PaSST with weights by a formula, in the form that hear21passt's are published in."""

from pathlib import Path

import torch

from zsaudio.audio.passt import ARCHITECTURES
from zsaudio.audio.passt_network import PasstNetwork

FEATURES, DEPTH, CLASSES = 64, 2, 5


def passt_state(model: str = "passt_n") -> dict[str, torch.Tensor]:
    """The state dict of hear21passt's network, with the classifiers."""
    network = PasstNetwork(ARCHITECTURES[model], FEATURES, DEPTH)
    shapes = {name: tensor.shape for name, tensor in network.state_dict().items()}
    for name, inputs in (("head.0", ()), ("head.1", (CLASSES,)), ("head_dist", (CLASSES,))):
        shapes |= {f"{name}.weight": torch.Size([*inputs, FEATURES]), f"{name}.bias": torch.Size(inputs or [FEATURES])}
    state = {}
    for number, (name, shape) in enumerate(sorted(shapes.items())):
        values = torch.sin(torch.arange(shape.numel(), dtype=torch.float64) * (1.3 + number)).float().view(shape)
        state[name] = (1 + 0.2 * values) if "norm" in name and name.endswith("weight") else 0.3 * values
    return state


def save_passt(folder: Path, model: str = "passt_n") -> Path:
    """Write it as a pickle, as it is published."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(passt_state(model), folder / "passt.pt")
    return folder / "passt.pt"


def sounds(seconds: float) -> torch.Tensor:
    """Two sounds at 32 kHz, `[2, samples]`: a tone that rises, and one that comes and goes."""
    t = torch.arange(round(32_000 * seconds), dtype=torch.float64) / 32_000
    return torch.stack([torch.sin(1000 * t * (1 + t)), torch.sin(5000 * t) * torch.sin(2 * t)]).float() / 2
