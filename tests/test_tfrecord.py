"""TFRecord and SequenceExample reading, against records that these tests write byte by byte."""

import io

import google_crc32c
import numpy as np
import pytest

from records import field, record, sequence_example
from zsaudio import ZsAudioError
from zsaudio.formats.tfrecord import OFFSET, SCALE, parse_record, parse_records, read_records


def read(data: bytes) -> list[bytes]:
    return list(read_records(io.BytesIO(data), "x.tfrecord"))


FRAMES = np.random.default_rng(0).integers(0, 256, (10, 128), dtype=np.uint8)


def test_reads_back_what_was_written():
    payload = sequence_example("--4gqARaEJE", 30.0, [0, 74, 300], FRAMES)
    found = [parse_record(one, "x") for one in read(record(payload) + record(payload))]
    assert len(found) == 2
    assert (found[1].ytid, found[1].start, found[1].labels) == ("--4gqARaEJE", 30.0, (0, 74, 300))
    assert np.array_equal(found[1].frames, FRAMES)


@pytest.mark.parametrize("lengths", [[10, 3, 0, 10], [0], [10] * 5000])
def test_many_at_once_are_what_they_are_one_by_one(lengths):
    payloads = [sequence_example(f"clip{i:07d}", 0.5 * i, [i % 527], FRAMES[:n]) for i, n in enumerate(lengths)]
    expected = [parse_record(payload, "x") for payload in payloads]
    for ordered in (payloads, [*payloads, shuffled(payloads[0])], [*payloads, sequence_example("a", 0, [0], FRAMES)]):
        found = list(parse_records(ordered, "x"))
        assert len(found) == len(ordered)
        for (ytid, start, frames), one in zip(found, expected, strict=False):
            assert (ytid, start) == (one.ytid, one.start)
            assert np.array_equal(frames, one.frames)


def shuffled(payload: bytes) -> bytes:
    """The same record with its feature lists before its context, as a protocol buffer may be written."""
    at = payload.index(b"audio_embedding")
    start = payload.rindex(b"\x12", 0, at)
    while parse_record(payload[start:] + payload[:start], "x").ytid != "clip0000000":
        start = payload.rindex(b"\x12", 0, start)
    return payload[start:] + payload[:start]


def test_damage_among_many_is_named():
    broken = sequence_example("clip0000000", 0, [1], FRAMES[:, :64])
    with pytest.raises(ZsAudioError, match="has a frame that is not 128 bytes long"):
        list(parse_records([broken], "x"))
    whole = sequence_example("clip0000000", 0, [1], FRAMES)
    for end in (whole.index(b"audio_embedding") + 16, whole.index(b"start_time") + 22):
        with pytest.raises(ZsAudioError, match="not one of AudioSet's embeddings"):
            list(parse_records([whole[:end]], "x"))


def test_checksum_of_a_known_string():
    # RFC 3720, B.4: CRC32C of 32 zero bytes.
    assert google_crc32c.value(bytes(32)) == 0x8A9136AA


def test_zero_frames_are_an_empty_array():
    assert parse_record(sequence_example("abc", 0.0, [1], FRAMES[:0]), "x").frames.shape == (0, 128)


def test_an_empty_file_has_no_records():
    assert read(b"") == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (record(b"abc", crc=1), "wrong checksum of the record at byte 0"),
        (record(b"abc") + record(b"abc", crc=1), "wrong checksum of the record at byte 19"),
        (record(b"abc", length_crc=1), "wrong checksum of a record's length at byte 0"),
        (record(b"abc")[:-2], "ends within the record at byte 0"),
        (record(b"abc") + record(b"abc")[:5], "ends within the record at byte 19"),
        (record(b"abc")[:12], "ends within the record at byte 0"),
    ],
)
def test_damage_is_named_with_its_place(data, message):
    with pytest.raises(ZsAudioError, match=rf"x\.tfrecord: {message}"):
        read(data)


@pytest.mark.parametrize("payload", [b"\xff\xff\xff", b"", field(1, b"")])
def test_other_records_are_refused(payload):
    with pytest.raises(ZsAudioError, match="not one of AudioSet's embeddings"):
        parse_record(payload, "x")


def test_frames_of_another_length_are_refused():
    with pytest.raises(ZsAudioError, match="'abc' has a frame that is not 128 bytes long"):
        parse_record(sequence_example("abc", 0.0, [1], FRAMES[:, :64]), "x")


def test_dequantisation_undoes_the_quantisation_to_half_a_step():
    values = np.linspace(-2, 2, 1001)
    quantised = ((values + 2) * (255 / 4)).astype(np.uint8)  # as VGGish's postprocessor does: the rest is cut off
    assert np.abs(quantised * SCALE + OFFSET - values).max() <= 4 / 255 / 2 + 1e-4
