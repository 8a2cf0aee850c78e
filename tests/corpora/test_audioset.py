"""AudioSet from a small archive in its public format: over HTTP, resumed, verified, with missing clips listed."""

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from records import record, sequence_example, write_archive
from zsaudio import ZsAudioError
from zsaudio.corpora.audioset import AudiosetSource, prepare, prepare_recordings, unpack_embeddings
from zsaudio.formats.recordings import read_recordings
from zsaudio.formats.tfrecord import parse_records, read_records

FRAMES = np.random.default_rng(0).integers(0, 256, (10, 128), dtype=np.uint8)
LABELS = 'index,mid,display_name\n0,/m/a,"Speech"\n1,/m/b,"Dog"\n'
SEGMENTS = {
    "balanced_train_segments.csv": 'aaa, 0.000, 10.000, "/m/a,/m/b"\nbbb, 30.000, 40.000, "/m/b"\n',
    "eval_segments.csv": 'ccc, 0.000, 10.000, "/m/a"\nddd, 5.000, 15.000, "/m/b"\n',
}


def archive(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    write_archive(buffer, members.items())
    return buffer.getvalue()


def clip(ytid: str, start: float, frames=FRAMES) -> bytes:
    return record(sequence_example(ytid, start, [0], frames))


MEMBERS = {
    "bal_train/aa.tfrecord": clip("aaa", 0),
    "bal_train/bb.tfrecord": clip("bbb", 30) + clip("zzz", 0),
    "unbal_train/aa.tfrecord": b"never read, so never checked",
    "eval/cc.tfrecord": clip("ccc", 0) + clip("ddd", 5, FRAMES[:0]),
}


@pytest.fixture
def site(tmp_path) -> Path:
    """The public files, laid out HOST/PATH."""
    folder = tmp_path / "site" / "host"
    folder.mkdir(parents=True)
    ontology = [
        {"id": mid, "name": name, "child_ids": [], "restrictions": []} for mid, name in [("/m/a", "S"), ("/m/b", "D")]
    ]
    (folder / "ontology.json").write_text(json.dumps(ontology))
    (folder / "class_labels_indices.csv").write_text(LABELS)
    for name, content in SEGMENTS.items():
        (folder / name).write_text(content)
    (folder / "features.tar.gz").write_bytes(archive(MEMBERS))
    return folder.parent


def source(base: str = "http://host", **changes) -> AudiosetSource:
    addresses = {
        "ontology": f"{base}/ontology.json",
        "labels": f"{base}/class_labels_indices.csv",
        "features": f"{base}/features.tar.gz",
        "segments": [f"{base}/{name}" for name in SEGMENTS],
        "subsets": ["bal_train", "eval"],
        "sha256": {},
    }
    return AudiosetSource(**{**addresses, **changes})


def content_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_records_of_the_subsets_are_gathered_and_missing_clips_listed(site, tmp_path):
    coverage = prepare(source(), tmp_path / "raw", tmp_path / "downloads", str(site))
    assert (len(coverage.missing), coverage.missing.sum()) == (4, 1)  # ddd has a record, but no frame
    with (tmp_path / "raw" / "bal_train.tfrecord").open("rb") as stream:
        clips = [name for name, _ in parse_records(read_records(stream, "x"), "x")]
    assert clips == ["aaa_0", "bbb_30000", "zzz_0"]
    assert (tmp_path / "raw" / "missing_clips.csv").read_text() == "clip_id,subset\nddd_5000,eval\n"
    counts = pd.read_csv(tmp_path / "raw" / "clip_counts.csv")
    assert counts[["mid", "clips", "missing"]].to_numpy().tolist() == [["/m/a", 2, 0], ["/m/b", 3, 1]]
    assert not (tmp_path / "downloads").exists()  # a mirror's files are used where they lie


def test_over_http_a_cut_is_resumed_by_the_next_run_to_the_same_bytes(site, tmp_path, serve):
    prepare(source(), tmp_path / "from_folder", tmp_path / "downloads", str(site))
    server = serve(site)
    public = source(f"{server.url}/host")
    raw, downloads = tmp_path / "raw", tmp_path / "http"
    whole = (site / "host" / "features.tar.gz").stat().st_size

    server.cuts = {"features.tar.gz": whole // 5}  # each of the three attempts
    with pytest.raises(ZsAudioError, match=r"features\.tar\.gz could not be downloaded.*the next run resumes after"):
        prepare(public, raw, downloads, None)
    assert (downloads / "features.tar.gz.part").exists()
    assert not (raw / "bal_train.tfrecord").exists()

    server.cuts = {}
    prepare(public, raw, downloads, None)
    assert content_of(raw) == content_of(tmp_path / "from_folder")
    assert server.ranges[-1] is not None
    assert server.ranges[-1].startswith("bytes=")


def test_a_mirror_by_url_serves_every_file(site, tmp_path, serve):
    server = serve(site)
    coverage = prepare(source(), tmp_path / "raw", tmp_path / "downloads", server.url)
    assert coverage.missing.sum() == 1
    assert sorted(path.name for path in (tmp_path / "downloads").iterdir()) == sorted(
        ["ontology.json", "class_labels_indices.csv", "features.tar.gz", *SEGMENTS]
    )


def test_a_pinned_checksum_is_checked(site, tmp_path):
    pinned = source(sha256={"ontology.json": "00"})
    with pytest.raises(ZsAudioError, match=r"ontology\.json: its sha256 is"):
        prepare(pinned, tmp_path / "raw", tmp_path / "downloads", str(site))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[: len(data) // 2], r"features\.tar\.gz: damaged or cut short"),
        (lambda data: b"not an archive", r"features\.tar\.gz: damaged or cut short"),
        (lambda data: archive({**MEMBERS, "eval/cc.tfrecord": clip("ccc", 0)[:-1]}), r"cc\.tfrecord: ends within"),
        (lambda data: archive({**MEMBERS, "eval/cc.tfrecord": clip("ccc", 0)[:-4] + bytes(4)}), "wrong checksum"),
        (lambda data: archive({"bal_train/aa.tfrecord": clip("aaa", 0)}), "has no folder 'eval'"),
    ],
)
def test_a_damaged_archive_leaves_no_embeddings(site, tmp_path, damage, message):
    path = site / "host" / "features.tar.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ZsAudioError, match=message):
        unpack_embeddings(path, tmp_path / "raw", ["bal_train", "eval"])
    assert list((tmp_path / "raw").iterdir()) == []


MORE = {**MEMBERS, "eval/ee.tfrecord": clip("eee", 0)}
WHOLE = {"aaa_0", "bbb_30000", "ccc_0", "eee_0", "zzz_0"}


def outcome(path: Path, raw: Path) -> set[str] | None:
    """The clips of an archive; None where it is refused."""
    try:
        return unpack_embeddings(path, raw, ["bal_train", "eval"])
    except ZsAudioError:
        return None


def test_an_archive_with_one_flipped_bit_is_refused_or_whole(tmp_path):
    """The flip is older than the compression. tarfile takes a damaged header for the end."""
    path, content = tmp_path / "features.tar.gz", bytearray(gzip.decompress(archive(MORE)))
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        headers = [member.offset for member in tar]
    refused = 0
    for place in [header + byte for header in headers for byte in range(0, 500, 9)] + [*range(0, len(content), 97)]:
        content[place] ^= 1 << place % 8
        path.write_bytes(gzip.compress(content, 1))
        content[place] ^= 1 << place % 8
        clips = outcome(path, tmp_path / "raw")
        assert clips in (None, WHOLE), place
        refused += clips is None
    assert refused >= len(headers) * 500 // 9


def test_a_compressed_archive_with_one_flipped_bit_is_refused_or_whole(tmp_path):
    path, content = tmp_path / "features.tar.gz", bytearray(archive(MORE))
    for place in range(0, len(content), 23):
        content[place] ^= 1 << place % 8
        path.write_bytes(content)
        content[place] ^= 1 << place % 8
        clips = outcome(path, tmp_path / "raw")
        assert clips is None or (place < 10 and clips == WHOLE), place  # gzip's header has a date


def test_an_archive_is_read_to_its_end(tmp_path):
    """Without its last blocks, or gzip's checksum, nothing says that more did not follow."""
    path, content = tmp_path / "features.tar.gz", archive(MORE)
    path.write_bytes(content)
    assert outcome(path, tmp_path / "raw") == WHOLE
    path.write_bytes(content[:-8])
    assert outcome(path, tmp_path / "raw") is None
    tar = gzip.decompress(content)
    with tarfile.open(fileobj=io.BytesIO(tar)) as members:
        end = max(member.offset_data + -(-member.size // 512) * 512 for member in members)
    assert not any(tar[end:])
    path.write_bytes(gzip.compress(tar[:end]))
    assert outcome(path, tmp_path / "raw") is None


def test_the_checksum_of_a_file_without_one_is_printed(site, tmp_path, capsys):
    digest = hashlib.sha256((site / "host" / "features.tar.gz").read_bytes()).hexdigest()
    prepare(source(), tmp_path / "raw", tmp_path / "downloads", str(site))
    said = capsys.readouterr().out
    assert (
        f"features.tar.gz is not checked: its sha256 is {digest}; audioset.sha256 in params.yaml may keep it\n" in said
    )
    prepare(source(sha256={"features.tar.gz": digest}), tmp_path / "raw", tmp_path / "downloads", str(site))
    assert "features.tar.gz" not in capsys.readouterr().out


def test_the_real_archive_holds_every_clip(mirror, tmp_path):
    base = "http://storage.googleapis.com/us_audioset/youtube_corpus/v1"
    real = AudiosetSource(
        ontology="https://raw.githubusercontent.com/audioset/ontology/master/ontology.json",
        labels=f"{base}/csv/class_labels_indices.csv",
        features=f"{base}/features/features.tar.gz",
        segments=[f"{base}/csv/balanced_train_segments.csv", f"{base}/csv/eval_segments.csv"],
        subsets=["bal_train", "eval"],
        sha256={},
    )
    coverage = prepare(real, tmp_path / "raw", tmp_path / "downloads", str(mirror))
    assert (len(coverage.missing), coverage.missing.sum()) == (42_531, 0)


def test_recordings_stand_in_for_the_embeddings(site, tmp_path):
    lists = {"aaa": "aaaaaaaaaaa", "bbb": "bbbbbbbbbbb", "ccc": "ccccccccccc", "ddd": "ddddddddddd"}
    for name, content in SEGMENTS.items():
        for short, ytid in lists.items():
            content = content.replace(f"{short}, ", f"{ytid}, ")
        (site / "host" / name).write_text(content)
    (site / "host/features.tar.gz").unlink()
    recordings = tmp_path / "recordings"
    (recordings / "part").mkdir(parents=True)
    for name in ("Yaaaaaaaaaaa.wav", "part/bbbbbbbbbbb_30_40.flac", "other.wav"):
        (recordings / name).write_text("sound")
    raw = tmp_path / "raw"
    coverage = prepare_recordings(source("http://host"), recordings, raw, tmp_path / "downloads", str(site))
    assert (len(coverage.missing), coverage.missing.sum()) == (4, 2)
    assert read_recordings(raw) == {
        "aaaaaaaaaaa_0": recordings / "Yaaaaaaaaaaa.wav",
        "bbbbbbbbbbb_30000": recordings / "part/bbbbbbbbbbb_30_40.flac",
    }
    assert "ddddddddddd_5000,eval" in (raw / "missing_clips.csv").read_text()
    assert not list(raw.glob("*.tfrecord"))

    (recordings / "Yaaaaaaaaaaa.wav").unlink()
    (recordings / "part/bbbbbbbbbbb_30_40.flac").unlink()
    with pytest.raises(ZsAudioError, match=r"audioset_audio\.recordings: none of the 1 recordings in .+ is named"):
        prepare_recordings(source(), recordings, raw, tmp_path / "downloads", str(site))
    with pytest.raises(ZsAudioError, match=r"audioset_audio\.recordings: expected the folder .+, got .+nowhere"):
        prepare_recordings(source(), tmp_path / "nowhere", raw, tmp_path / "downloads", str(site))


def test_offline_the_corpus_without_a_network_is_named(tmp_path):
    with pytest.raises(ZsAudioError, match=r"ontology\.json could not be downloaded; .+ `corpus: demo` needs no net"):
        prepare(source("http://127.0.0.1:9"), tmp_path / "raw", tmp_path / "downloads", None)
