"""The official VGGish embeddings that AudioSet is released with: after PCA, 8 bits each."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zsaudio.errors import ZsAudioError
from zsaudio.segments import clip_id
from zsaudio.tfrecord import parse_record, read_records


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
