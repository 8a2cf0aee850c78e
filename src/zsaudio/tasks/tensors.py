"""Examples as tensors, on the device that computes."""

import torch
from torch import Tensor

from zsaudio.tasks.corpus_tables import Audio, Embedded
from zsaudio.tasks.task import Examples


class ClipTensors:
    """Clips on a device. Embeddings stay as they are stored; a batch becomes floats when it is taken.

    Attributes:
        examples: the clips, and the classes that they may carry.
        labels: `[N, P]` positions of the classes that each clip carries, the real ones first, padded with -1.
        n_labels: (N,) how many they are.
        carried: (N, C) the same as a matrix.
        segments, features: T and F_a.
    """

    def __init__(self, examples: Examples, audio: Audio, device: torch.device) -> None:
        """Args:
        examples: N clips.
        audio: their embeddings.
        device: where to.
        """
        self.device, self.examples = device, examples
        self.labels = torch.from_numpy(examples.clips.labels).to(device)
        self.n_labels = (examples.clips.labels >= 0).sum(axis=1)
        self.carried = examples.carried()
        self._values = torch.from_numpy(audio.values).to(device)
        self._scale, self._offset = audio.scale, torch.tensor(audio.offset)
        self.segments, self.features = audio.values.shape[1:]
        self._places = torch.arange(self.segments, device=device)
        whole = bool((audio.n_segments == self.segments).all())
        self._n_segments = None if whole else torch.from_numpy(audio.n_segments).to(device)

    def take(self, rows: Tensor, out: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Embeddings `[..., T, F_a]` of these clips and the mask `[..., T]` of real segments, None where all are real.

        Args:
            rows: numbers of clips, of any shape.
            out: where to write the embeddings.
        """
        stored = select(self._values, rows)
        x = stored.to(torch.get_default_dtype()) if out is None else out.copy_(stored)
        torch.add(self._offset, x, alpha=self._scale, out=x)  # in one pass
        if self._n_segments is None:
            return x, None
        return x, self._places < select(self._n_segments, rows)[..., None]

    def real(self) -> Tensor:
        """Which segments are real: `[N, T]`."""
        whole = torch.full((len(self.labels),), self.segments, device=self.device)
        return self._places < (whole if self._n_segments is None else self._n_segments)[:, None]


class ExampleTensors(ClipTensors):
    """Clips on a device, with classes that are told of by text.

    Attributes:
        text: label embeddings `[C, F_s]`.
        below: `[C]` how many nodes of the ontology are below each class.
    """

    def __init__(self, embedded: Embedded, device: torch.device) -> None:
        super().__init__(embedded.examples, embedded.audio, device)
        self.text = torch.from_numpy(embedded.text).to(device, torch.get_default_dtype())
        self.below = torch.from_numpy(embedded.below).to(device)


def select(tensor: Tensor, rows: Tensor) -> Tensor:
    """`tensor[rows]` for rows of any shape, in a fraction of the time that indexing takes."""
    return tensor.index_select(0, rows.flatten()).view(*rows.shape, *tensor.shape[1:])
