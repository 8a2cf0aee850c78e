"""The official VGGish embeddings that AudioSet is released with: after PCA, 8 bits each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zsaudio.audio import AudioEmbeddings, gather
from zsaudio.errors import ZsAudioError
from zsaudio.segments import clip_id
from zsaudio.tfrecord import OFFSET, SCALE, parse_record, read_records


class GoogleVggish:
    """Reads the embeddings from the corpus; nothing is computed, and they stay the bytes they are."""

    name = "google_vggish"

    def encode(self, raw: Path, clip_ids: Sequence[str], segments: int) -> AudioEmbeddings:
        """See `AudioEncoder.encode`; F_a is 128. Clips without a single frame count as missing."""
        wanted = set(clip_ids)
        found = {}
        paths = sorted(raw.glob("*.tfrecord"))
        if not paths:
            raise ZsAudioError(f"{raw}: has no .tfrecord file; the encoder google_vggish needs the corpus audioset")
        for path in paths:
            with path.open("rb") as stream:
                for payload in read_records(stream, str(path)):
                    record = parse_record(payload, str(path))
                    name = clip_id(record.ytid, record.start)
                    if name in wanted and len(record.frames):
                        found[name] = record.frames
        return gather(found, clip_ids, segments, SCALE, OFFSET)
