"""What the command check-corpus finds in a folder of recordings."""

import numpy as np
import pytest
import soundfile

from zsaudio import ZsAudioError
from zsaudio_cli.check_corpus import check_audioset, check_local


def test_usable_missing_unreadable_and_unlisted_recordings(tmp_path):
    (tmp_path / "deep").mkdir()
    for name in ("a.wav", "deep/a.wav", "ç, d.flac", "unlisted.ogg"):
        soundfile.write(tmp_path / name, np.zeros(24_000), 16_000)
    (tmp_path / "broken.wav").write_text("no sound")
    (tmp_path / "labels.csv").write_text(
        'file,labels\na.wav,"dog, rain"\ndeep/a.wav,rain\n"ç, d.flac","cat; Bird song, call"\n'
        "gone.wav,cat\nbroken.wav,dog\n",
        encoding="utf-8",
    )
    check = check_local(tmp_path, None, None)
    assert check.seconds == {"a_0": 1.5, "deep_a_0": 1.5, "ç_d_0": 1.5}
    assert check.missing == ["gone_0"]
    assert list(check.unreadable) == ["broken_0"]
    assert [path.name for path in check.unlisted] == ["unlisted.ogg"]
    assert check.counts == {"dog": (2, 1), "rain": (2, 2), "cat": (2, 1), "Bird song, call": (1, 1)}
    assert check.usable_classes == 4
    assert check.warnings == [
        "4 of 4 classes have fewer than 10 clips: dog, rain, cat and 1 more. Their figures will mean little.",
        "4 classes are 1.3 in a fold: with fewer than 5, a model learns from few names, and is tested on few.",
        "3 of 3 clips have fewer than 3 segments, so attention has little to choose from.",
    ]
    assert check.obstacle is None

    for name in ("a.wav", "ç, d.flac"):
        (tmp_path / name).unlink()
    obstacle = check_local(tmp_path, tmp_path / "labels.csv", None).obstacle
    assert obstacle == "1 classes have a usable recording, and 3 folds need at least one each"
    (tmp_path / "deep/a.wav").unlink()
    assert check_local(tmp_path, None, None).obstacle == "no recording is usable"


def test_recordings_of_audiosets_clips(tmp_path):
    lists, recordings = tmp_path / "lists", tmp_path / "recordings"
    lists.mkdir()
    recordings.mkdir()
    (lists / "class_labels_indices.csv").write_text('index,mid,display_name\n0,/m/a,"Speech"\n1,/m/b,"Dog"\n')
    (lists / "eval_segments.csv").write_text(
        'aaaaaaaaaaa, 0.000, 10.000, "/m/a,/m/b"\nbbbbbbbbbbb, 30.000, 40.000, "/m/b"\n'
    )
    soundfile.write(recordings / "Yaaaaaaaaaaa.flac", np.zeros(160_000), 16_000)
    check = check_audioset(recordings, lists)
    assert check.seconds == {"aaaaaaaaaaa_0": 10.0}
    assert check.missing == ["bbbbbbbbbbb_30000"]
    assert check.counts == {"Dog": (2, 1), "Speech": (1, 1)}
    with pytest.raises(ZsAudioError, match="nowhere: is not a folder; name the one with the recordings"):
        check_audioset(tmp_path / "nowhere", lists)
