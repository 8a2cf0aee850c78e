"""The VGGish embeddings that AudioSet is released with: after PCA, 8 bits for each of 128 features."""

from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path

import pyarrow as pa

from zsaudio.audio.padding import padded_columns
from zsaudio.errors import ZsAudioError
from zsaudio.formats.tfrecord import FEATURES, OFFSET, SCALE, parse_records, read_records
from zsaudio.storage import schemas, tables

RECORDS = 4096  # of a table, which becomes a row group of audio.parquet
# The VGGish that made the embeddings: a model that was trained on them hears recordings through it.
WEIGHTS = "https://github.com/harritaylor/torchvggish/releases/download/v0.1/vggish-10086976.pth"
PCA = "https://storage.googleapis.com/audioset/vggish_pca_params.npz"
PCA_SHA256 = "4d878af3e306defbfb37095365aa7e5a6cecb86bad13e859e626151c4e6a8b9d"
METADATA = {
    "encoder": "google_vggish",
    "features": str(FEATURES),
    "scale": repr(SCALE),
    "offset": repr(OFFSET),
    "weights": WEIGHTS,
    "weights_sha256": "10086976",  # the first digits, as in the file name
    "pca": PCA,
    "pca_sha256": PCA_SHA256,
    "output": "pca",
    "activation": "none",
    "precision": "float32",
}


def embedding_tables(raw: Path, clips: Collection[str], segments: int) -> Iterator[pa.Table]:
    """Embeddings of the clips that have at least one second, as tables of `zsaudio.storage.schemas.AUDIO`.

    Stored unchanged as uint8: a value v stands for v * SCALE + OFFSET of `zsaudio.formats.tfrecord`. Clips of more than
    T `segments` are cut. Memory holds the records of one table.

    Raises:
        ZsAudioError: `raw` has no TFRecord files or none of the clips, or a record is damaged.
    """
    paths = sorted(raw.glob("*.tfrecord"))
    if not paths:
        raise ZsAudioError(f"{raw}: has no .tfrecord file; the encoder google_vggish needs the corpus audioset")
    missing = set(clips)
    for path in paths:
        with path.open("rb") as stream:
            records = parse_records(read_records(stream, str(path)), str(path))
            while batch := list(islice(records, RECORDS)):
                embeddings = {}
                for clip, frames in batch:
                    if clip in missing and len(frames):
                        missing.discard(clip)
                        embeddings[clip] = frames
                yield tables.build_table(schemas.AUDIO, padded_columns(embeddings, segments, FEATURES))
    if len(missing) == len(clips):
        raise ZsAudioError(f"none of the {len(clips):,} clips has audio in the corpus; run the corpus stage again")
