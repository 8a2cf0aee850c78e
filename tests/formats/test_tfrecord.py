"""TFRecord and SequenceExample reading, against records that these tests write byte by byte."""

import io

import google_crc32c
import numpy as np
import pytest

from records import field, record, sequence_example
from zsaudio import ZsAudioError
from zsaudio.formats.tfrecord import OFFSET, SCALE, parse_records, read_records

FRAMES = np.random.default_rng(0).integers(0, 256, (10, 128), dtype=np.uint8)


def read(data: bytes) -> list[bytes]:
    return list(read_records(io.BytesIO(data), "x.tfrecord"))


def parse(*payloads: bytes) -> list[tuple[str, np.ndarray]]:
    return list(parse_records(payloads, "x.tfrecord"))


def test_reads_back_what_was_written():
    payload = sequence_example("--4gqARaEJE", 30.0, [0, 74, 300], FRAMES)
    clips = parse(*read(record(payload) + record(payload)))
    assert [clip for clip, _ in clips] == ["--4gqARaEJE_30000"] * 2
    assert np.array_equal(clips[1][1], FRAMES)


@pytest.mark.parametrize("lengths", [[10, 3, 0, 10], [0], [10] * 5000])
def test_every_clip_of_many_has_its_own_frames(lengths):
    payloads = [
        sequence_example(f"clip{i:07d}", 0.5 * i, [i % 527], FRAMES[:n] ^ np.uint8(i % 256))
        for i, n in enumerate(lengths)
    ]
    clips = parse(*payloads)
    assert [clip for clip, _ in clips] == [f"clip{i:07d}_{500 * i}" for i in range(len(lengths))]
    for i, (n, (_, frames)) in enumerate(zip(lengths, clips, strict=True)):
        assert np.array_equal(frames, FRAMES[:n] ^ np.uint8(i % 256))


def test_features_may_come_in_any_order():
    payload = sequence_example("a", 0, [1], FRAMES)
    end = 2 + payload[1]  # of the context: tag, length, content
    ((clip, frames),) = parse(payload[end:] + payload[:end])
    assert clip == "a_0"
    assert np.array_equal(frames, FRAMES)


def test_a_damaged_record_among_many_is_an_error():
    whole = sequence_example("clip0000000", 0, [1], FRAMES)
    for end in (whole.index(b"audio_embedding") + 16, whole.index(b"start_time") + 22):
        with pytest.raises(ZsAudioError, match=r"x\.tfrecord: a record is not one of AudioSet's embeddings"):
            parse(whole, whole[:end])


@pytest.mark.parametrize("payload", [b"\xff\xff\xff", b"", field(1, b"")])
def test_other_records_are_refused(payload):
    with pytest.raises(ZsAudioError, match="not one of AudioSet's embeddings"):
        parse(payload)


@pytest.mark.parametrize("start", [float("nan"), float("inf"), -float("inf")])
def test_a_time_that_is_none_is_refused(start):
    with pytest.raises(ZsAudioError, match=r"x\.tfrecord: a record is not one of AudioSet's embeddings"):
        parse(sequence_example("abc", start, [1], FRAMES))


@pytest.mark.parametrize("frames", [FRAMES[:, :64], np.tile(FRAMES, 2)[:, :129], np.tile(FRAMES, 2)])
def test_frames_of_another_length_are_refused_with_the_clip(frames):
    whole = sequence_example("abc", 0.0, [1], FRAMES)
    with pytest.raises(ZsAudioError, match=r"x\.tfrecord: clip 'bad_0' has a frame that is not 128 bytes long"):
        parse(whole, sequence_example("bad", 0.0, [1], frames), whole)


def test_frames_in_another_encoding_are_refused():
    """As many bytes as a frame has, but with another tag before the values."""
    payload = sequence_example("abc", 0.0, [1], FRAMES)
    prefix = payload.rindex(b"\n\x80\x01")
    with pytest.raises(ZsAudioError, match="clip 'abc_0' has a frame that is not 128 bytes long"):
        parse(payload[:prefix] + b"\x12\x80\x01" + payload[prefix + 3 :])


def test_zero_frames_are_an_empty_array():
    ((_, frames),) = parse(sequence_example("abc", 0.0, [1], FRAMES[:0]))
    assert frames.shape == (0, 128)


def test_checksum_of_a_known_string():
    # RFC 3720, B.4: CRC32C of 32 zero bytes.
    assert google_crc32c.value(bytes(32)) == 0x8A9136AA


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


def test_dequantisation_undoes_the_quantisation_to_half_a_step():
    values = np.linspace(-2, 2, 1001)
    quantised = ((values + 2) * (255 / 4)).astype(np.uint8)  # as VGGish's postprocessor does: it rounds down
    assert np.abs(quantised * SCALE + OFFSET - values).max() <= 4 / 255 / 2 + 1e-4
