"""PaSST (Koutini et al. 2022) on recordings, as Primus et al. (2023) embed them: a row for each ten seconds."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zsaudio.audio.passt_network import HEAD, RATE, SECONDS, Architecture, PasstNetwork
from zsaudio.audio.published_weights import PublishedWeights, locate
from zsaudio.audio.recording import Samples, waveforms
from zsaudio.errors import ZsAudioError
from zsaudio.storage.values import shown

RELEASES = "https://github.com/kkoutini/PaSST/releases/download"
# Strides and patch-out of Primus et al., Table 2; what hear21passt calls passt_s_p16_s16_128_ap468 and
# passt_s_swa_p16_128_ap476.
ARCHITECTURES = {
    "passt_n": Architecture(stride=16, patchout=(2, 15)),
    "passt_s": Architecture(stride=10, patchout=(4, 50)),
}
WEIGHTS = {
    "passt_n": f"{RELEASES}/v0.0.2-audioset/passt-s-f128-p16-s16-ap.468.pt",
    "passt_s": f"{RELEASES}/v0.0.1-audioset/passt-s-f128-p16-s10-ap.476-swa.pt",
}


class Passt:
    """A vector for each ten seconds. See `zsaudio.audio.RecordingEncoder`.

    The network has positions for ten seconds: a longer recording is heard in windows of ten, one after the other, the
    last of them filled up with silence, as the clips were that PaSST was trained on. The vector is the mean of the
    network's two tokens, what its classifier is given and hear21passt calls the embedding.

    Attributes:
        network: for fine-tuning, `[B, samples]` to `[B, F_a]` with gradients; patch-out acts in `train()` mode.
    """

    front_end = staticmethod(waveforms)
    rate = RATE
    seconds = SECONDS

    def __init__(
        self,
        model: str = "passt_n",
        weights: str | None = None,
        weights_sha256: str = "",
        batch_size: int = 8,
        mirror: str | None = None,
        device: str = "cpu",
    ) -> None:
        """Load the weights.

        Args:
            model: one of ARCHITECTURES.
            weights: address or path, see `zsaudio.audio.published_weights`; None: those of the model in WEIGHTS.
            weights_sha256: checksum that the file must have, or its first digits; empty: any.
            batch_size: windows per forward pass.
            mirror: folder or base URL to try before an address, see `zsaudio.storage.downloads.fetch`.
            device: where the network runs, as torch names it.

        Raises:
            ZsAudioError: the model is unknown, or the file cannot be downloaded or read, has another checksum, or
                holds something else.
        """
        published = published_weights(model)
        weights = weights or WEIGHTS[model]
        path, checksum = locate(published.knob, weights, mirror, weights_sha256)
        self._device, self._batch_size = torch.device(device), batch_size
        self.network = published.read(path, checksum).to(self._device).eval()
        self.metadata = {
            "encoder": f"passt:{model}",
            "features": str(self.network.features),
            "scale": "1.0",
            "offset": "0.0",
            "seconds": str(self.seconds),
            "weights": weights,
            "weights_sha256": checksum,
        }

    @torch.inference_mode()
    def embed(self, examples: Samples) -> npt.NDArray[np.float32]:
        """Windows (n, 320000) to (n, F_a)."""
        batches = torch.split(torch.from_numpy(np.ascontiguousarray(examples)), self._batch_size)
        return torch.cat([self.network(batch.to(self._device)) for batch in batches]).cpu().numpy()


def published_weights(model: str) -> PublishedWeights:
    """What a file of weights of one of ARCHITECTURES holds.

    Raises:
        ZsAudioError: the model is none of them.
    """
    if model not in ARCHITECTURES:
        raise ZsAudioError(f"audio.passt.model: expected one of {', '.join(ARCHITECTURES)}, got {shown(model)}")

    def network(state: Mapping[str, Tensor]) -> PasstNetwork:
        """The network of a state dict as hear21passt has it, without the classifiers, in the size that it has."""
        state = {name: tensor for name, tensor in state.items() if not name.startswith("head")}
        features = len(state["norm.weight"])
        if not features or features % HEAD:
            raise ValueError(f"norm.weight has {features} numbers, and not a multiple of {HEAD}")
        depth = len({name.split(".")[1] for name in state if name.startswith("blocks.")})
        with torch.device("meta"):  # takes no memory
            network = PasstNetwork(ARCHITECTURES[model], features, depth)
        network.load_state_dict(state, assign=True)
        return network

    return PublishedWeights("audio.passt.weights", f"the network {model}", network)
