"""The official VGGish embeddings that AudioSet is released with: after PCA, 8 bits each."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path

import pyarrow as pa

from zsaudio.storage import schemas, tables
from zsaudio.audio import padded
from zsaudio.errors import ZsAudioError
from zsaudio.formats.clip_lists import clip_id
from zsaudio.formats.tfrecord import FEATURES, OFFSET, SCALE, TOGETHER, parse_records, read_records

# VGGish as the embeddings come from it: what recordings go through when a model trained on them hears one.
WEIGHTS = "https://github.com/harritaylor/torchvggish/releases/download/v0.1/vggish-10086976.pth"
PCA = "https://storage.googleapis.com/audioset/vggish_pca_params.npz"
PCA_SHA256 = "4d878af3e306defbfb37095365aa7e5a6cecb86bad13e859e626151c4e6a8b9d"
METADATA = {
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


def embedding_tables(raw: Path, clips: Collection[str], segments: int) -> Iterator[pa.Table]:
    """Embeddings of those of the clips that have at least one second, as tables of `zsaudio.storage.schemas.AUDIO`.

    They are the bytes that they are: a stored value v stands for v * `zsaudio.formats.tfrecord.SCALE` +
    `zsaudio.formats.tfrecord.OFFSET`. Only as many records are in memory as make a table.

    Args:
        raw: folder of the TFRecord files.
        clips: names of the clips.
        segments: T, that longer clips are cut to.

    Raises:
        ZsAudioError: the corpus folder has no TFRecord files or none of the clips, or a record is damaged.
    """
    paths = sorted(raw.glob("*.tfrecord"))
    if not paths:
        raise ZsAudioError(f"{raw}: has no .tfrecord file; the encoder google_vggish needs the corpus audioset")
    wanted = set(clips)
    for path in paths:
        with path.open("rb") as stream:
            records = parse_records(read_records(stream, str(path)), str(path))
            while together := list(islice(records, TOGETHER)):
                found = {}
                for ytid, start, frames in together:
                    name = clip_id(ytid, start)
                    if name in wanted and len(frames):
                        wanted.discard(name)
                        found[name] = frames
                n_segments, values = padded(list(found.values()), segments, FEATURES)
                columns = {"clip_id": pa.array(list(found), pa.string()), "n_segments": n_segments}
                yield tables.build_table(schemas.AUDIO, {**columns, "embedding": tables.vectors(values)})
    if len(wanted) == len(clips):
        raise ZsAudioError(f"none of the {len(clips):,} clips has audio in the corpus; run the corpus stage again")
