"""The official VGGish embeddings that AudioSet is released with: after PCA, 8 bits each."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zsaudio.errors import ZsAudioError
from zsaudio.segments import clip_id
from zsaudio.tfrecord import FEATURES, OFFSET, SCALE, parse_record, read_records

# VGGish as the embeddings come from it: what recordings go through when a model trained on them hears one.
WEIGHTS = "https://github.com/harritaylor/torchvggish/releases/download/v0.1/vggish-10086976.pth"
PCA = "https://storage.googleapis.com/audioset/vggish_pca_params.npz"
PCA_SHA256 = "4d878af3e306defbfb37095365aa7e5a6cecb86bad13e859e626151c4e6a8b9d"
FACTS = {
    "encoder": "google_vggish",
    "features": str(FEATURES),
    "scale": repr(SCALE),
    "offset": repr(OFFSET),
    "weights": WEIGHTS,
    "weights_sha256": "10086976",  # its beginning, as in the name
    "pca": PCA,
    "pca_sha256": PCA_SHA256,
    "output": "pca",
    "activation": "none",
    "precision": "float32",
}


def read_embeddings(raw: Path, clips: Collection[str]) -> dict[str, npt.NDArray[np.uint8]]:
    """Embeddings (n, 128) by clip id, the bytes that they are, of those of the clips that have at least one second.

    A stored value v stands for v * `zsaudio.tfrecord.SCALE` + `zsaudio.tfrecord.OFFSET`.

    Raises:
        ZsAudioError: the corpus folder has no TFRecord files, or a record is damaged.
    """
    paths = sorted(raw.glob("*.tfrecord"))
    if not paths:
        raise ZsAudioError(f"{raw}: has no .tfrecord file; the encoder google_vggish needs the corpus audioset")
    wanted, found = set(clips), {}
    for path in paths:
        with path.open("rb") as stream:
            for payload in read_records(stream, str(path)):
                record = parse_record(payload, str(path))
                name = clip_id(record.ytid, record.start)
                if name in wanted and len(record.frames):
                    found[name] = record.frames
    return found
