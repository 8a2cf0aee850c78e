"""AudioSet's released embeddings: TFRecord files of SequenceExamples, 128 bytes per second of audio."""

import struct
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from typing import Any, BinaryIO

import google_crc32c
import numpy as np
import numpy.typing as npt
from google.protobuf import descriptor_pb2, message_factory, text_format
from google.protobuf.message import DecodeError

from zsaudio.errors import ZsAudioError
from zsaudio.formats.clip_lists import clip_id

FEATURES = 128
# 8-bit quantisation over [-2, 2], undone as YouTube-8M's `Dequantize` (the reader AudioSet's page points to) does:
# value * range / 255 + range / 512 + minimum. The middle term is half a step, since quantising rounds down.
SCALE = 4 / 255
OFFSET = 4 / 512 - 2

_BATCH = 256  # records whose frames are cut at once; they fit into the processor's cache
_LENGTH, _CRC = struct.Struct("<QI"), struct.Struct("<I")
# A frame in a serialised FeatureList: tag and length of feature, bytes_list and value, then the value.
_PREFIX = b"\n\x86\x01\n\x83\x01\n\x80\x01"
_FRAME = np.dtype([("prefix", f"S{len(_PREFIX)}"), ("values", np.uint8, FEATURES)])
# The fields of tensorflow.SequenceExample (tensorflow/core/example) that are read. A FeatureList is declared as bytes,
# so that numpy cuts the frames of many records at once: field by field, reading takes three times as long.
_PROTO = """
name: "zsaudio/sequence_example.proto" package: "zsaudio" syntax: "proto3"
message_type { name: "BytesList" field { name: "value" number: 1 label: LABEL_REPEATED type: TYPE_BYTES } }
message_type { name: "FloatList" field { name: "value" number: 1 label: LABEL_REPEATED type: TYPE_FLOAT } }
message_type {
  name: "Feature"
  field { name: "bytes_list" number: 1 type: TYPE_MESSAGE type_name: "BytesList" }
  field { name: "float_list" number: 2 type: TYPE_MESSAGE type_name: "FloatList" }
}
message_type {
  name: "Features"
  field { name: "feature" number: 1 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: "FeatureEntry" }
  nested_type {
    name: "FeatureEntry" options { map_entry: true }
    field { name: "key" number: 1 type: TYPE_STRING }
    field { name: "value" number: 2 type: TYPE_MESSAGE type_name: "Feature" }
  }
}
message_type {
  name: "FeatureLists"
  field { name: "feature_list" number: 1 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: "FeatureListEntry" }
  nested_type {
    name: "FeatureListEntry" options { map_entry: true }
    field { name: "key" number: 1 type: TYPE_STRING }
    field { name: "value" number: 2 type: TYPE_BYTES }
  }
}
message_type {
  name: "SequenceExample"
  field { name: "context" number: 1 type: TYPE_MESSAGE type_name: "Features" }
  field { name: "feature_lists" number: 2 type: TYPE_MESSAGE type_name: "FeatureLists" }
}
"""


def read_records(stream: BinaryIO, where: str) -> Iterator[bytes]:
    """Yield the payload of every record, its length and content checked against their CRC32C.

    Args:
        stream: a TFRecord file, or several of them one after another.
        where: what messages call it, here and in `parse_records`.

    Raises:
        ZsAudioError: a checksum is wrong or the stream ends within a record.
    """
    position = 0

    def damaged(problem: str) -> ZsAudioError:
        return ZsAudioError(f"{where}: {problem} at byte {position}; download the file again")

    while header := stream.read(12):
        if len(header) < 12:
            raise damaged("ends within the record")
        length, length_crc = _LENGTH.unpack(header)
        if length_crc != _masked_crc(header[:8]):
            raise damaged("wrong checksum of a record's length")
        body = stream.read(length + 4)
        if len(body) < length + 4:
            raise damaged("ends within the record")
        payload = body[:length]
        if _CRC.unpack_from(body, length)[0] != _masked_crc(payload):
            raise damaged("wrong checksum of the record")
        yield payload
        position += 16 + length


def parse_records(payloads: Iterable[bytes], where: str) -> Iterator[tuple[str, npt.NDArray[np.uint8]]]:
    """Clip id and frames, (n, 128) uint8 with a row per second, of each SequenceExample from `read_records`.

    Raises:
        ZsAudioError: a record is no SequenceExample, lacks a feature, or has a frame that is not 128 bytes long.
    """
    remaining = iter(payloads)
    while batch := list(islice(remaining, _BATCH)):
        clips, feature_lists = [], []
        for payload in batch:
            try:
                example = _SEQUENCE_EXAMPLE.FromString(payload)
                context = example.context.feature
                ytid = context["video_id"].bytes_list.value[0].decode()
                clips.append(clip_id(ytid, context["start_time_seconds"].float_list.value[0]))
            except (DecodeError, IndexError, ValueError, OverflowError) as error:  # text, or a time, that is none
                raise ZsAudioError(f"{where}: a record is not one of AudioSet's embeddings ({error})") from error
            feature_lists.append(example.feature_lists.feature_list["audio_embedding"])
        frames = _frames(feature_lists)
        if frames is None:
            broken = [_frames([feature_list]) is None for feature_list in feature_lists].index(True)
            raise ZsAudioError(f"{where}: clip {clips[broken]!r} has a frame that is not {FEATURES} bytes long")
        ends = np.cumsum([len(feature_list) // _FRAME.itemsize for feature_list in feature_lists]).tolist()
        for clip, (begin, end) in zip(clips, pairwise([0, *ends]), strict=True):
            yield clip, frames[begin:end]


def _frames(feature_lists: list[bytes]) -> npt.NDArray[np.uint8] | None:
    """The frames of serialised FeatureLists, (n, 128); None if one holds anything but frames of 128 bytes."""
    if any(len(feature_list) % _FRAME.itemsize for feature_list in feature_lists):
        return None
    frames = np.frombuffer(b"".join(feature_lists), _FRAME)
    return frames["values"] if (frames["prefix"] == _PREFIX).all() else None


def _masked_crc(data: bytes) -> int:
    crc = google_crc32c.value(data)
    return int(((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


_FILE = text_format.Parse(_PROTO, descriptor_pb2.FileDescriptorProto())
_SEQUENCE_EXAMPLE: Any = message_factory.GetMessages([_FILE])["zsaudio.SequenceExample"]
