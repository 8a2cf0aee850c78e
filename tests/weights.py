"""VGGish with random weights, saved in the public file formats for tests and benchmarks."""

from pathlib import Path

import numpy as np
import torch
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
    """Write weights (a state dict), PCA parameters (npz), and PCA parameters as torchvggish's own loader reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(vggish_network(seed).state_dict(), folder / WEIGHTS_NAME)
    rng = np.random.default_rng(seed)
    vectors = np.linalg.qr(rng.standard_normal((128, 128)))[0]
    means = rng.standard_normal((128, 1)) * 0.1
    np.savez(folder / "pca.npz", pca_eigen_vectors=vectors, pca_means=means)
    torch.save({"pca_eigen_vectors": torch.tensor(vectors), "pca_means": means}, folder / PCA_NAME)
    return folder / WEIGHTS_NAME, folder / "pca.npz"
