"""zsaudio figure and its chart: any spelling of a clip, any of the classes, and one sentence for a mistake."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import vl_convert
import yaml

from builders import FEATURES, MIDS, tiny_corpus, write_tiny_corpus
from model_folders import model_config, write_model
from zsaudio.localisation.attention_chart import attention_spec
from zsaudio.report.drawing import VEGA_LITE, inline_svg
from zsaudio_cli import main

AUDIO = {"encoder": "none", "features": str(FEATURES), "scale": "0.5", "offset": "-1"}  # of the tiny corpus


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """A project after the run of a tiny corpus: three settings' models, params and strong labels."""
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "data" / "demo"
    write_tiny_corpus(data)
    roles = {
        "setting1": {"train": "fold2", "validation": "fold3", "test": "fold1"},
        "setting2": {"train": "fold3", "validation": "fold1", "test": "fold2"},
    }
    for setting, folds in roles.items():
        config = model_config(audio=AUDIO).model_copy(update={"setting": setting, "roles": folds})
        write_model(data / "models" / "temporal_attention" / setting, config)
    (tmp_path / "strong.tsv").write_text(
        "segment_id\tstart_time_seconds\tend_time_seconds\tlabel\n"
        f"--tiny_test_0\t1.5\t2.25\t{MIDS['Low hum']}\n"
        f"--tiny_test_0\t0\t0.5\t{MIDS['Low hum']}\n"
    )
    params = {"corpus": "demo", "strong_labels": {"demo": ["strong.tsv"]}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    return tmp_path


@pytest.fixture
def run(capsys):
    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["figure", *arguments])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return call


@pytest.mark.parametrize(
    "arguments",
    [
        ["--tiny_test", "--label", "Low hum"],
        ["--label", "Low hum", "--", "--tiny_test"],
        ["--label=low  HUM", "Y--tiny_test_0.000_10.000.wav"],
        ["--tiny_test_0", "--label", MIDS["Low hum"]],
    ],
)
def test_a_clip_may_start_with_dashes_and_have_any_spelling(here, run, arguments):
    status, out, err = run(*arguments)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "Low hum in --tiny_test_0 (temporal_attention, setting1, run 0; class never trained on)"
    assert lines[1].split() == ["second", "0", "1", "2"]
    assert sum(map(float, lines[2].split()[1:])) == pytest.approx(1, abs=0.02)
    assert lines[3:] == ["events     0 to 0.5 s, 1.5 to 2.25 s", "figure.svg"]
    assert "events" in (here / "figure.svg").read_text()


def test_the_model_is_the_one_that_was_never_trained_on_the_class(here, run):
    _, out, _ = run("-shortclip_", "--label", "rattle", "--run", "1", "--out", "out.png")
    assert out.startswith("Rattle in -shortclip__30000 (temporal_attention, setting2, run 1; class never trained on)")
    assert "second        0    1\n" in out  # two segments are real
    assert "events     none known" in out
    assert (here / "out.png").read_bytes().startswith(b"\x89PNG")
    asked = ("-shortclip_", "--label", "rattle", "--model", "data/demo/models/temporal_attention/setting1")
    _, out, _ = run(*asked)
    assert "setting1, run 0; class seen in training" in out


def test_without_params_the_corpus_and_its_strong_labels_are_named(here, run):
    (here / "params.yaml").unlink()
    _, out, _ = run("--tiny_test", "--label", "low hum", "--corpus", "demo")
    assert "events     none known" in out
    _, out, _ = run("--tiny_test", "--label", "low hum", "--strong", "strong.tsv")
    assert "events     0 to 0.5 s, 1.5 to 2.25 s" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--label", "Low hum"], "Missing argument 'CLIP'"),
        (["--tiny_test"], "Missing option '--label'"),
        (["tiny_tarin__0", "--label", "Low hum"], "is no clip of data/demo/audio.parquet; did you mean tiny_train__0?"),
        (["zebra", "--label", "Low hum"], "zebra is no clip of data/demo/audio.parquet; names look like --tiny_test_0"),
        (
            ["--tiny_test", "--label", "low hun"],
            "'low hun' is none of the 6 classes of the corpus demo; did you mean 'Lo",
        ),
        (["--tiny_test", "--label", "zebra"], "of the corpus demo; data/demo/folds.csv lists them"),
        (["--tiny_test", "--label", "Low hum", "--run", "7"], "setting1: has no run 7; known are 0, 1"),
        (["--tiny_test", "--label", "Hiss"], "data/demo/models/temporal_attention/setting3: is no folder"),
        (["--tiny_test", "--label", "Low hum", "--out", "a.gif"], "a.gif must end in one of .svg, .png, .pdf"),
        (["--tiny_test", "--label", "Low hum", "--strong", "gone.tsv"], "gone.tsv: there is no such file of strong"),
        (["--tiny_test", "--label", "Low hum", "--corpus", "sea"], "data/sea/folds.csv: there is no table of folds"),
        (
            ["--tiny_test", "--label", "Low hum", "--model", "mean"],
            "mean: has no attention to draw; temporal_attention",
        ),
        (["--tiny_test", "--label", "Low hum", "--model", "parts"], "parts: is a cross-validation, a model for each"),
        (["--tiny_test", "--label", "Low hum", "--model", "other"], "other: was trained on embeddings of other encod"),
    ],
)
def test_a_mistake_is_one_sentence(here, run, arguments, message):
    write_model(here / "mean", model_config("uniform_mean", audio=AUDIO))
    write_model(here / "parts", model_config("supervised", audio=AUDIO))
    write_model(here / "other")
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert err.startswith("zsaudio: ")
    assert err.count("\n") == 1


def test_of_several_clips_of_a_video_one_must_be_named(here, run):
    table = tiny_corpus().audio
    again = table.set_column(0, "clip_id", pa.array([f"-shortclip__{10_000 * i}" for i in range(4)]))
    pq.write_table(again, here / "data/demo/audio.parquet")
    status, _, err = run("-shortclip_", "--label", "Low hum")
    assert status == 2
    assert "-shortclip_ has several clips; name one: -shortclip__0, -shortclip__10000, -shortclip__20000" in err


def test_the_chart_has_events_on_top_where_they_are_known():
    attention = np.array([0.1, 0.2, 0.7])
    spec = attention_spec(attention, [(0.5, 1.5)], "Dog", ["a model"])
    events, below = spec["vconcat"]
    assert events["data"]["values"] == [{"onset": 0.5, "offset": 1.5, "row": "events"}]
    bars, uniform = below["layer"]
    assert [bar["attention"] for bar in bars["data"]["values"]] == [0.1, 0.2, 0.7]
    assert uniform["data"]["values"] == [{"weight": 1 / 3}]
    assert "vconcat" not in attention_spec(attention, [], "Dog", ["a model"])
    for shown in (spec, attention_spec(attention, [], "Dog", ["a model"])):
        assert "<svg" in inline_svg(shown)
        vl_convert.vegalite_to_vega(shown, vl_version=VEGA_LITE)


def test_embeddings_of_long_windows_have_no_attention_to_a_second(here, run):
    path = here / "data/demo/audio.parquet"
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, b"seconds": b"10"}), path)
    status, _, err = run("--tiny_test", "--label", "Low hum")
    assert status == 2
    assert "data/demo/audio.parquet: its encoder hears windows of 10 s, so there is no attention to a second" in err
