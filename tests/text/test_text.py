"""Words of a label, and the encoders words and vectors."""

import numpy as np
import pytest

from zsaudio import ZsAudioError
from zsaudio.text import Label, embed_labels, encoder_of, has_words, split_words, text_encoder
from zsaudio.text.vectors import Vectors
from zsaudio.text.words import Words


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Dog", ["Dog"]),
        ("Dental drill, dentist's drill", ["Dental", "drill", "dentist's", "drill"]),
        ("Male speech, man speaking", ["Male", "speech", "man", "speaking"]),
        ("Tick-tock", ["Tick", "tock"]),
        ("Top 40 (music)", ["Top", "music"]),
        ("Hörspiel 音", ["Hörspiel", "音"]),
    ],
)
def test_words_are_the_alphabetic_words(label, expected):
    assert split_words(label) == expected
    assert has_words(label)


@pytest.mark.parametrize("label", ["", "  ", "1234", "!?"])
def test_a_label_without_a_word_is_an_error(label):
    assert not has_words(label)
    with pytest.raises(ZsAudioError, match="has no word to embed"):
        split_words(label)


def test_words_encoder_is_the_mean_of_fixed_vectors():
    encoder = Words(16)
    low, hum, both, again = encoder.encode([Label("Low"), Label("hum"), Label("Low hum"), Label("HUM low!")])
    assert np.allclose(both, (low + hum) / 2, atol=1e-6)
    assert np.allclose(both, again)
    assert not np.allclose(low, hum)
    assert both.dtype == np.float32
    assert np.array_equal(Words(16).encode([Label("low")])[0], low)


def test_a_label_is_embedded_by_its_name_its_description_or_what_is_above_it():
    encoder, label = Words(16), Label("Low hum", "A sound.", "/m/1", "Sounds, Low hum", "Sounds. All of them.")
    told = {"name": "low hum", "description": "low hum a sound", "path": "sounds low hum"}
    told["parents"] = "low hum a kind of sounds all of them"
    for text, words in told.items():
        assert np.allclose(embed_labels(encoder, [label], text), encoder.encode([Label(words)]))
    for text in ("description", "path", "parents"):  # of a label of a user's own
        assert np.allclose(embed_labels(encoder, [Label("Low hum")], text), encoder.encode([Label("Low hum")]))


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("3 2\ndog 1 2\nDrill 3 4\nbig -1 0\n", encoding="utf-8")
    return path


def test_vectors_encoder_is_the_mean_over_known_words(table):
    embeddings = Vectors(table).encode([Label("Dog"), Label("Big dog"), Label("Drill"), Label("Unheard-of dog")])
    assert embeddings.tolist() == [[1, 2], [0, 1], [3, 4], [1, 2]]


def test_a_label_of_unknown_words_is_an_error(table):
    with pytest.raises(
        ZsAudioError, match=r"text\.vectors\.table: .+ has no vector for any word of the label 'Violin'"
    ):
        Vectors(table).encode([Label("Dog"), Label("Violin")])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("dog one two\n", "line 1: not a word and its numbers"),
        ("cat 1 2 3\ndog 1 2\n", "line 2: 2 numbers, but earlier lines have 3"),
        ("cat 1 2\ndog 1 nan\n", "line 2: the vector of 'dog' holds NaN or infinity"),
        ("cat -inf 2\ndog 1 2\n", "line 1: the vector of 'cat' holds NaN or infinity"),
        ("dog 1 1e39\n", "line 1: the vector of 'dog' holds NaN or infinity"),
    ],
)
def test_a_damaged_table_is_named_with_the_line(tmp_path, content, message):
    path = tmp_path / "vectors.txt"
    path.write_text(content)
    with pytest.raises(ZsAudioError, match=message):
        Vectors(path).encode([Label("dog"), Label("cat")])


def test_a_missing_table_and_an_unknown_encoder_are_named(tmp_path):
    with pytest.raises(ZsAudioError, match=r"text\.vectors\.table: .*none\.txt cannot be read"):
        text_encoder("vectors", {"table": tmp_path / "none.txt"})
    with pytest.raises(ZsAudioError, match="expected one of bert, hf, vectors, words; got 'elmo'"):
        text_encoder("elmo", {})


def test_metadata_make_the_encoder_again(table):
    labels = [Label("Dog"), Label("Big drill")]
    for encoder in (text_encoder("words", {"features": 16}), text_encoder("vectors", {"table": table})):
        again = encoder_of(encoder.metadata)
        assert again.metadata == encoder.metadata
        assert np.array_equal(again.encode(labels), encoder.encode(labels))


def test_another_table_than_the_models_is_named(table, tmp_path):
    metadata = Vectors(table).metadata
    moved = tmp_path / "moved.txt"
    table.rename(moved)
    assert encoder_of(metadata, vectors=moved).metadata["revision"] == metadata["revision"]
    moved.write_text("dog 1 2\n")
    with pytest.raises(ZsAudioError, match=r"revision of vectors is [0-9a-f]+, but the model was trained with"):
        encoder_of(metadata, vectors=moved)
