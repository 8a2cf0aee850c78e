"""What the report says of encoders that have seen the labels, or may have."""

from dataclasses import replace

import pytest

from evidence import facts, made_up, runs
from zsaudio.report.seen_labels import seen_label_warnings
from zsaudio.report.table_rows import CLAP, TableRow, TableRows


def warnings(encoder: str, corpus: str = "audioset_audio", architecture: str = "") -> list[str]:
    return seen_label_warnings(corpus, {"audio encoder": encoder}, {"audio encoder": architecture})


@pytest.mark.parametrize(
    ("encoder", "architecture"),
    [
        ("hf:laion/clap-htsat-unfused", "clap_audio_model"),
        ("hf:my-folder", "clap_audio_model"),
        ("passt:passt_s", ""),
        ("hf:MIT/ast-finetuned-audioset-10-10-0.4593", "audio-spectrogram-transformer"),
    ],
)
def test_a_model_that_has_seen_them_makes_the_test_no_zero_shot_test(encoder, architecture):
    (told,) = warnings(encoder, "audioset_audio", architecture)
    assert "has seen labels or captions of AudioSet" in told
    assert "The test classes are not unseen, and these figures are of no zero-shot test." in told
    (told,) = warnings(encoder, "local", architecture)
    assert "A test class that is among AudioSet's is not unseen" in told


def test_of_an_unknown_model_it_is_said_that_it_is_not_known():
    (told,) = warnings("hf:some_one/model")
    assert told.startswith("Whether the audio encoder, some\\_one/model, was trained on AudioSet's labels is not known")


@pytest.mark.parametrize(
    "encoder",
    ["logmel", "google_vggish", "bert:bert-base-uncased", "hf:facebook/wav2vec2-base", "bert:all-MiniLM-L6-v2"],
)
def test_others_are_not_warned_of(encoder):
    assert warnings(encoder) == []


def test_classes_that_exist_nowhere_else_were_seen_by_nobody():
    assert warnings("hf:laion/clap-htsat-unfused", "demo") == []


def test_the_report_warns_of_encoders_and_of_the_row_clap():
    rows = TableRows({CLAP: TableRow("CLAP")})
    seen = replace(facts("local"), audio_encoder="hf:ast", architectures={"text encoder": "clap_text_model"})
    evidence = replace(made_up({(CLAP, "setting1"): runs(0.3)}), rows=rows, facts=replace(seen, text_encoder="hf:own"))
    told = [one for one in evidence.warnings() if "AudioSet" in one]
    assert [one.split(",")[0] for one in told] == ["Whether the audio encoder", "The text encoder", "The row"]
