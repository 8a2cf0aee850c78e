"""AudioSet's released embeddings: TFRecord files of SequenceExamples, 128 bytes per second of audio."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any, BinaryIO

import google_crc32c
import numpy as np
import numpy.typing as npt
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from zsaudio.errors import ZsAudioError

FEATURES = 128
TOGETHER = 4096  # records that are cut up at once
# What stands before a value of these features: field numbers, lengths, names.
_YTID = b"\n\x08video_id\x12\x0f\n\r\n\x0b"
_START = b"\n\x12start_time_seconds\x12\x08\x12\x06\n\x04"
_AUDIO = b"\n\x0faudio_embedding\x12"
_FRAME = b"\n\x86\x01\n\x83\x01\n\x80\x01"
_STRIDE = len(_FRAME) + FEATURES
_HEADER, _CRC, _FLOAT = struct.Struct("<QI"), struct.Struct("<I"), struct.Struct("<f")
# 8-bit quantisation over [-2, 2], undone as YouTube-8M's `Dequantize` (the reader AudioSet's page points to) does:
# value * range / 255 + range / 512 + minimum. The middle term is half a step, since quantising cut the rest off.
SCALE = 4 / 255
OFFSET = 4 / 512 - 2


@dataclass(frozen=True)
class EmbeddingRecord:
    """One clip of the released embeddings.

    Attributes:
        ytid: YouTube id.
        start: start of the clip in seconds.
        labels: indices of its labels.
        frames: (n, 128) uint8, one row per second.
    """

    ytid: str
    start: float
    labels: tuple[int, ...]
    frames: npt.NDArray[np.uint8]


def read_records(stream: BinaryIO, where: str) -> Iterator[bytes]:
    """Yield the payload of every record, its length and content checked against their CRC32C.

    Args:
        stream: a TFRecord file, or several of them one after another.
        where: what messages call it.

    Raises:
        ZsAudioError: a checksum is wrong or the stream ends within a record.
    """
    position = 0
    while header := stream.read(12):
        if len(header) < 12:
            raise _truncated(where, position)
        length, length_crc = _HEADER.unpack(header)
        if length_crc != _masked_crc(header[:8]):
            raise ZsAudioError(f"{where}: wrong checksum of a record's length at byte {position}; fetch the file again")
        body = stream.read(length + 4)
        if len(body) < length + 4:
            raise _truncated(where, position)
        payload = body[:length]
        if _CRC.unpack_from(body, length)[0] != _masked_crc(payload):
            raise ZsAudioError(f"{where}: wrong checksum of the record at byte {position}; fetch the file again")
        yield payload
        position += 16 + length


def parse_record(payload: bytes, where: str) -> EmbeddingRecord:
    """Read one SequenceExample of the released embeddings.

    Raises:
        ZsAudioError: it is no SequenceExample, lacks a feature, or a frame has not 128 bytes.
    """
    example = _SEQUENCE_EXAMPLE()
    try:
        example.ParseFromString(payload)
        context = example.context.feature
        ytid = context["video_id"].bytes_list.value[0].decode()
        start = float(context["start_time_seconds"].float_list.value[0])
        labels = tuple(context["labels"].int64_list.value)
        frames = [
            feature.bytes_list.value[0] for feature in example.feature_lists.feature_list["audio_embedding"].feature
        ]
    except (DecodeError, IndexError, UnicodeDecodeError) as error:
        raise ZsAudioError(f"{where}: a record is not one of AudioSet's embeddings ({error})") from error
    if any(len(frame) != FEATURES for frame in frames):
        raise ZsAudioError(f"{where}: clip {ytid!r} has a frame that is not {FEATURES} bytes long")
    return EmbeddingRecord(ytid, start, labels, np.frombuffer(b"".join(frames), np.uint8).reshape(-1, FEATURES))


def parse_records(payloads: Iterable[bytes], where: str) -> Iterator[tuple[str, float, npt.NDArray[np.uint8]]]:
    """Youtube id, start and frames of many records, as `parse_record` reads them, in a third of the time.

    Records as Google wrote them have every frame behind the same bytes, so that those of many are cut out at once. If
    one among them is written otherwise, as protocol buffers may be, they are all read field by field.

    Raises:
        ZsAudioError: as `parse_record`.
    """
    waiting = iter(payloads)
    while together := list(islice(waiting, TOGETHER)):
        cut = _cut_records(together)
        if cut is None:
            records = (parse_record(payload, where) for payload in together)
            yield from ((record.ytid, record.start, record.frames) for record in records)
        else:
            yield from cut


def _cut_records(payloads: Sequence[bytes]) -> list[tuple[str, float, npt.NDArray[np.uint8]]] | None:
    ytids, starts, rows = [], [], []
    try:
        for payload in payloads:
            ytid, start, audio = payload.find(_YTID), payload.find(_START), payload.find(_AUDIO)
            if ytid < 0 or start < 0 or audio < 0:
                return None
            ytids.append(payload[ytid + len(_YTID) : ytid + len(_YTID) + 11].decode())
            starts.append(_FLOAT.unpack_from(payload, start + len(_START))[0])
            audio += len(_AUDIO)
            while payload[audio] > 127:  # the length of all frames, which reach to the end, in 7 bits a byte
                audio += 1
            rows.append(payload[audio + 1 :])
    except (IndexError, UnicodeDecodeError, struct.error):
        return None
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    if (lengths % _STRIDE).any():
        return None
    cut = np.frombuffer(b"".join(rows), np.uint8).reshape(-1, _STRIDE)
    if not (cut[:, : len(_FRAME)] == np.frombuffer(_FRAME, np.uint8)).all():
        return None
    ends = np.cumsum(lengths // _STRIDE).tolist()
    frames = [cut[first:end, len(_FRAME) :] for first, end in pairwise([0, *ends])]
    return list(zip(ytids, starts, frames, strict=True))


def _masked_crc(data: bytes) -> int:
    crc = google_crc32c.value(data)
    return int(((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def _truncated(where: str, position: int) -> ZsAudioError:
    return ZsAudioError(f"{where}: ends within the record at byte {position}; fetch the file again")


def _sequence_example() -> Any:
    """The message class of tensorflow.SequenceExample, built from its definition (tensorflow/core/example)."""
    file = descriptor_pb2.FileDescriptorProto(name="zsaudio/example.proto", package="zsaudio", syntax="proto3")
    types = descriptor_pb2.FieldDescriptorProto
    one, many = types.LABEL_OPTIONAL, types.LABEL_REPEATED

    def message(name: str, *fields: tuple[str, int, int, int | str]) -> descriptor_pb2.DescriptorProto:
        found = file.message_type.add(name=name)
        for field, number, label, kind in fields:
            if isinstance(kind, str):
                found.field.add(name=field, number=number, label=label, type=types.TYPE_MESSAGE, type_name=kind)
            else:
                found.field.add(name=field, number=number, label=label, type=kind)
        return found

    def message_with_map(name: str, field: str, value: str) -> None:
        entry = "".join(part.capitalize() for part in field.split("_")) + "Entry"
        outer = message(name, (field, 1, many, f".zsaudio.{name}.{entry}"))
        inner = outer.nested_type.add(name=entry)
        inner.options.map_entry = True
        inner.field.add(name="key", number=1, label=one, type=types.TYPE_STRING)
        inner.field.add(name="value", number=2, label=one, type=types.TYPE_MESSAGE, type_name=value)

    message("BytesList", ("value", 1, many, types.TYPE_BYTES))
    message("FloatList", ("value", 1, many, types.TYPE_FLOAT))
    message("Int64List", ("value", 1, many, types.TYPE_INT64))
    message(
        "Feature",
        ("bytes_list", 1, one, ".zsaudio.BytesList"),
        ("float_list", 2, one, ".zsaudio.FloatList"),
        ("int64_list", 3, one, ".zsaudio.Int64List"),
    )
    message("FeatureList", ("feature", 1, many, ".zsaudio.Feature"))
    message_with_map("Features", "feature", ".zsaudio.Feature")
    message_with_map("FeatureLists", "feature_list", ".zsaudio.FeatureList")
    message(
        "SequenceExample", ("context", 1, one, ".zsaudio.Features"), ("feature_lists", 2, one, ".zsaudio.FeatureLists")
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("zsaudio.SequenceExample"))


_SEQUENCE_EXAMPLE = _sequence_example()
