"""TFRecord files of SequenceExamples, written byte by byte from their definitions, and an archive of them."""

import io
import struct
import tarfile
from collections.abc import Iterable
from typing import BinaryIO

import google_crc32c
import numpy as np


def varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def field(number: int, payload: bytes) -> bytes:
    """A length-delimited field of a protocol buffer."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def sequence_example(ytid: str, start: float, labels: list[int], frames: np.ndarray) -> bytes:
    def entry(name: str, feature: bytes) -> bytes:
        return field(1, field(1, name.encode()) + field(2, feature))

    context = entry("video_id", field(1, field(1, ytid.encode())))
    context += entry("start_time_seconds", field(2, field(1, struct.pack("<f", start))))
    context += entry("end_time_seconds", field(2, field(1, struct.pack("<f", start + 10))))
    context += entry("labels", field(3, field(1, b"".join(varint(label) for label in labels))))
    features = b"".join(field(1, field(1, field(1, bytes(frame)))) for frame in frames)
    return field(1, context) + field(2, field(1, field(1, b"audio_embedding") + field(2, features)))


def record(payload: bytes, length_crc: int | None = None, crc: int | None = None) -> bytes:
    length = struct.pack("<Q", len(payload))
    return (
        length
        + struct.pack("<I", masked(length) if length_crc is None else length_crc)
        + payload
        + struct.pack("<I", masked(payload) if crc is None else crc)
    )


def masked(data: bytes) -> int:
    crc = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def write_archive(file: BinaryIO, members: Iterable[tuple[str, bytes]]) -> None:
    """A tar.gz of files (path, content), below the folder that AudioSet's archive has."""
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        for name, content in members:
            info = tarfile.TarInfo(f"audioset_v1_embeddings/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
