"""VGGish with random weights, saved for tests and benchmarks."""

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torchvggish import torchvggish

WEIGHTS_NAME = "vggish-10086976.pth"
PCA_NAME = "vggish_pca_params-970ea276.pth"


def vggish_network(seed: int = 0) -> torch.nn.Module:
    """torchvggish's network with random weights, scaled so that activations keep their size from layer to layer."""
    torch.manual_seed(seed)
    network = torchvggish.VGG(torchvggish.make_layers(), postprocess=False)
    for layer in network.modules():
        if isinstance(layer, torch.nn.Conv2d | torch.nn.Linear):
            torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            torch.nn.init.uniform_(layer.bias, -0.1, 0.1)
    with torch.no_grad():
        network.embeddings[-2].weight *= 0.1  # so that most of the output lies within the range of 8 bits
    return network.eval()


def save_vggish(folder: Path, seed: int = 0) -> tuple[Path, Path]:
    """Write weights (safetensors) and PCA parameters (npz)."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(vggish_network(seed).state_dict(), folder / "vggish.safetensors")
    vectors, means = _pca(seed)
    np.savez(folder / "pca.npz", pca_eigen_vectors=vectors, pca_means=means)
    return folder / "vggish.safetensors", folder / "pca.npz"


def save_published(folder: Path, seed: int = 0) -> Path:
    """Write the same as torchvggish publishes it, for its own loader: two pickles; the one of the weights."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(vggish_network(seed).state_dict(), folder / WEIGHTS_NAME)
    vectors, means = _pca(seed)
    torch.save({"pca_eigen_vectors": torch.tensor(vectors), "pca_means": means}, folder / PCA_NAME)
    return folder / WEIGHTS_NAME


def _pca(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return np.linalg.qr(rng.standard_normal((128, 128)))[0], rng.standard_normal((128, 1)) * 0.1
