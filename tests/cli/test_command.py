"""The command line: its output, and one sentence and an exit status for every mistake."""

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from builders import CLASSES
from model_folders import model_config, write_model, write_trained, write_with_vectors
from zsaudio.models.model_folder import write_checksums
from zsaudio.storage import schemas, tables


def test_predict_prints_a_table_for_each_recording(here, run):
    status, out, err = run(
        "predict", "clip.wav", "zwei Vögel.flac", "--model", "model", "--labels", "buzz, high siren,buzz"
    )
    assert (status, err) == (0, "")
    blocks = [block.splitlines() for block in out.strip().split("\n\n")]
    assert [block[0] for block in blocks] == ["clip.wav  (threshold 0.000)", "zwei Vögel.flac  (threshold 0.000)"]
    for block in blocks:
        assert block[1].split() == ["label", "score", "above", "rank", "percentile", "attention", "peaks", "at"]
        rows = [re.split(r"\s{2,}", line) for line in block[2:]]
        assert {label for label, *_ in rows} == {"buzz", "high siren"}
        scores = [float(row[1]) for row in rows]
        assert scores == sorted(scores, reverse=True)
        assert all(row[2] == ("yes" if float(row[1]) > 0 else "no") for row in rows)
        ranked = 2 + sum(map(len, CLASSES.values()))
        for row in rows:
            rank = int(row[3].removesuffix(f" of {ranked}"))
            assert float(row[4]) == pytest.approx(100 * (ranked - rank) / (ranked - 1), abs=0.06)
        assert all(peak.startswith("0:00:") for *_, peak in rows)


def test_json_and_csv_say_the_same(here, run):
    ask = ("predict", "clip.wav", "zwei Vögel.flac", "--model", "model", "--labels", "dog; rain, heavy", "--top", "1")
    status, out, _ = run(*ask, "--json")
    predictions = json.loads(out)
    assert status == 0
    assert [len(prediction["labels"]) for prediction in predictions] == [1, 1]
    assert len(predictions[0]["labels"][0]["attention"]) == 12
    status, out, _ = run(*ask, "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["file"] for row in rows] == ["clip.wav", "zwei Vögel.flac"]
    for row, prediction in zip(rows, predictions, strict=True):
        assert row["label"] == prediction["labels"][0]["label"]
        assert float(row["score"]) == pytest.approx(prediction["labels"][0]["score"], rel=1e-4)
        assert int(row["peak"]) == prediction["labels"][0]["peak"]


def test_labels_come_from_a_file_or_from_the_model(here, run):
    (here / "labels.txt").write_text("Bird song, call\n\n  rain \n", encoding="utf-8")
    _, out, _ = run("predict", "clip.wav", "--model", "model", "--labels-file", "labels.txt", "--json")
    assert {row["label"] for row in json.loads(out)[0]["labels"]} == {"Bird song, call", "rain"}
    _, out, _ = run("predict", "clip.wav", "--model", "model", "--json")
    assert {row["label"] for row in json.loads(out)[0]["labels"]} == {
        name for fold in CLASSES.values() for name in fold
    }


def test_odd_names_do_not_spoil_the_plot(here, run):
    (here / "clip.wav").rename(here / "$\\frac$ 🐕.wav")
    labels = "buzz 🐕; a $ or \\rattle"
    status, _, err = run("predict", "$\\frac$ 🐕.wav", "--model", "model", "--labels", labels, "--plot", "o.svg")
    assert (status, err) == (0, "")
    svg = (here / "o.svg").read_text(encoding="utf-8")
    assert all(name in svg for name in ("$\\frac$ 🐕.wav", "buzz 🐕", "a $ or \\rattle"))


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_plot_is_a_picture(here, run, suffix):
    begins = {"png": b"\x89PNG", "svg": b"<svg", "pdf": b"%PDF"}[suffix]
    status, _, err = run("predict", "clip.wav", "--model", "model", "--labels", "rattle", "--plot", f"out.{suffix}")
    assert (status, err) == (0, "")
    assert (here / f"out.{suffix}").read_bytes().startswith(begins)


def test_the_plot_shows_the_labels_that_the_table_shows(here, run):
    ask = ("predict", "clip.wav", "--model", "model", "--labels", "dog, rain, police siren")
    _, out, _ = run(*ask, "--top", "2", "--plot", "out.svg")
    shown = {re.split(r"\s{2,}", line)[0] for line in out.splitlines()[2:4]}
    svg = (here / "out.svg").read_text(encoding="utf-8")
    assert {label for label in ("dog", "rain", "police siren") if f">{label}" in svg} == shown


def test_a_model_without_attention_has_no_peaks_and_is_drawn_by_its_scores(here, run):
    write_model(here / "mean", model_config("uniform_mean"))
    _, out, _ = run("predict", "clip.wav", "--model", "mean", "--labels", "buzz")
    assert out.splitlines()[1].endswith("percentile")
    _, out, _ = run("predict", "clip.wav", "--model", "mean", "--labels", "buzz", "--csv")
    assert next(csv.DictReader(io.StringIO(out)))["peak"] == ""
    status, _, err = run("predict", "clip.wav", "--model", "mean", "--labels", "buzz", "--plot", "out.svg")
    assert (status, err) == (0, "")
    assert "windows of 10 s" in (here / "out.svg").read_text(encoding="utf-8")


def test_an_unreadable_recording_does_not_stop_the_others(here, run):
    (here / "text.wav").write_text("no sound")
    status, out, err = run("predict", "text.wav", "clip.wav", "--model", "model", "--labels", "buzz", "--csv")
    assert status == 1
    assert err.startswith("zsaudio: text.wav: cannot be read as audio (")
    assert [row["file"] for row in csv.DictReader(io.StringIO(out))] == ["clip.wav"]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["predict"], 2, "Missing argument 'RECORDING...'"),
        (["predict", "clip.wav", "--top", "0"], 2, "'--top'"),
        (["predict", "clip.wav", "--labels", ""], 2, "--labels: expected at least one label"),
        (["predict", "clip.wav", "--labels", " , "], 2, "--labels: expected at least one label"),
        (["predict", "clip.wav", "--labels", "a", "--labels-file", "b"], 2, "choose one of --labels and --labels-file"),
        (["predict", "clip.wav", "--labels-file", "nowhere.txt"], 2, "nowhere.txt cannot be read as text"),
        (["predict", "clip.wav", "--labels-file", "empty.txt"], 2, "empty.txt has no label"),
        (["predict", "clip.wav", "--json", "--csv"], 2, "choose one of --json and --csv"),
        (["predict", "clip.wav", "clip.wav", "--plot", "a.png"], 2, "--plot is for one recording, and 2 are given"),
        (["predict", "clip.wav", "--lables", "dog"], 2, "No such option"),
        (["predcit"], 2, "No such command 'predcit'"),
        (["predict", "clip.wav", "--model", "nowhere"], 2, "nowhere: is no folder; a model is a folder like"),
        (["predict", "clip.wav", "--model", "model", "--run", "9"], 2, "model: has no run 9; known are 0, 1"),
        (["predict", "clip.wav", "--model", "model", "--labels", "🐕"], 2, "label '🐕' has no word to embed"),
        (["predict", "clip.wav", "--plot", "a.bmp"], 2, "a.bmp must end in one of .svg, .png, .pdf"),
        (["export"], 2, "Missing argument 'DIR'"),
        (["export", "nowhere"], 2, "nowhere: is no folder"),
        (["export", "model", "--to", "model"], 2, "model: is there already; name a new folder"),
        (["check-corpus", "nowhere"], 2, "nowhere: is not a folder; name the one with the recordings"),
        (["check-corpus", ".", "--audioset", ".", "--labels", "x.csv"], 2, "--audioset has its own labels"),
    ],
)
def test_a_mistake_is_one_sentence(here, run, arguments, status, message):
    (here / "empty.txt").write_text("\n \n")
    actual, out, err = run(*arguments)
    assert actual == status
    assert message in err
    assert err.startswith("zsaudio: ")
    assert err.count("\n") == 1
    assert out == ""


@pytest.mark.parametrize("command", [("predict", "clip.wav", "--model"), ("export",)])
def test_a_model_of_before_is_refused_with_what_renews_it(here, run, command):
    """Folders that earlier versions wrote have no version, and other keys."""
    old = {"model": "temporal_attention", "aggregation": "attention", "folds": {"test": "fold1"}}
    (here / "model" / "config.json").write_text(json.dumps(old))
    write_checksums(here / "model", ["model.safetensors", "config.json"])
    assert run(*command, "model") == (
        2,
        "",
        "zsaudio: model/config.json: is of another version of zsaudio; train the model again (`dvc repro`), or export "
        "it again from where it was trained\n",
    )


def test_files_of_encoders_that_have_moved_are_named_by_options(here, run):
    model = write_with_vectors(here)
    ask = ("predict", "clip.wav", "--model", str(model), "--labels", "dog", "--csv")
    _, before, _ = run(*ask)
    (here / "vectors.txt").rename(here / "moved.txt")
    assert run(*ask, "--text-vectors", "moved.txt") == (0, before, "")
    (here / "moved.txt").write_text("dog 2 1\n")
    status, out, err = run(*ask, "--text-vectors", "moved.txt")
    assert (status, out) == (2, "")
    assert re.match(r"zsaudio: text encoder: the revision of vectors is \w+, but the model was trained with \w+\.", err)
    assert err.endswith("text_vectors (--audio-model and so on).\n")
    assert err.count("\n") == 1


def test_weights_that_are_named_but_not_there_are_one_sentence(here, run):
    write_model(here / "vggish", model_config(audio={"encoder": "vggish", "weights": "a.pth", "output": "raw"}))
    status, out, err = run("predict", "clip.wav", "--model", "vggish", "--audio-weights", "moved.pth")
    assert (status, out) == (2, "")
    assert err.startswith("zsaudio: audio.vggish.weights: there is no file moved.pth. ")
    assert err.count("\n") == 1


def test_an_altered_model_is_refused(here, run):
    with (here / "model" / "model.safetensors").open("ab") as file:
        file.write(b"0")
    status, out, err = run("predict", "clip.wav", "--model", "model")
    assert (status, out) == (2, "")
    assert err.startswith("zsaudio: model/model.safetensors: is not the file that SHA256SUMS lists: altered or damaged")


def test_without_a_model_the_best_by_validation_is_taken(here, run):
    status, out, err = run("predict", "clip.wav", "--labels", "hum")
    assert (status, out) == (2, "")
    assert err == "zsaudio: data: holds no zero-shot model that is evaluated: train some (`dvc repro`), or name one\n"
    write_trained(here, model_config())
    write_model(here / "data/demo/models/uniform_mean/setting1", model_config("uniform_mean"))
    for model, precisions in (("temporal_attention", (0.1, 0.2)), ("uniform_mean", (0.5, 0.1))):
        curve = {"run": [0, 0], "epoch": [0, 1], "train_loss": [1.0, 1.0], "validation_loss": [1.0, 1.0]}
        path = here / f"data/demo/curves/{model}/setting1.csv"
        tables.write_table(path, schemas.CURVE, curve | {"validation_map": precisions})
    status, out, err = run("predict", "clip.wav", "--labels", "hum")
    assert status == 0
    assert err.startswith("model: data/demo/models/temporal_attention/setting1\n")


def test_a_label_of_which_a_model_of_words_has_seen_no_word_is_told(here, run):
    seen = CLASSES["fold2"][0]
    status, _, err = run("predict", "clip.wav", "--model", "model", "--labels", f"{seen}; zebra crossing")
    assert status == 0
    assert err == (
        "zsaudio: 'zebra crossing' shares no word with the classes that the model was trained on; it knows words "
        "alone, so these scores mean nothing\n"
    )


def test_labels_and_files_neither_steer_the_terminal_nor_calculate(here, run):
    (here / "clip.wav").rename(here / "=a\x1b[2J.wav")
    ask = ("predict", "=a\x1b[2J.wav", "--model", "model", "--labels", "@buzz\x1b]0,x\x07;b")
    _, out, err = run(*ask)
    assert "\x1b" not in out + err
    assert "\x07" not in out + err
    assert "@buzz?]0,x?" in out
    _, out, _ = run(*ask, "--csv")
    assert out.splitlines()[1].startswith("'=a")
    assert "'@buzz" in out


def test_alone_it_shows_its_help_and_its_version(run):
    status, out, err = run()
    assert (status, err) == (0, "")
    assert "predict" in out
    status, out, err = run("--version")
    assert (status, err) == (0, "")
    assert re.fullmatch(r"\d+\.\d+.*\n", out)


@pytest.mark.parametrize("command", ["predict", "export", "check-corpus", "sweep", "figure"])
def test_help_has_an_example(run, command):
    status, out, _ = run(command, "--help")
    assert status == 0
    assert re.search(rf"\n *Example:\n +zsaudio {command} .+\n", out)
    status, out, _ = run("--help")
    assert command in out
    assert "--install-completion" in out


def test_export_lists_what_it_has_written(here, run):
    status, out, _ = run("export", "model", "--to", "published")
    assert status == 0
    assert {line.split()[1] for line in out.splitlines()} == {
        f"published/{name}" for name in ("README.md", "SHA256SUMS", "config.json", "model.safetensors")
    }
    assert run("export", "model")[0] == 0
    assert (here / "demo-temporal_attention-setting1" / "config.json").is_file()


def test_check_corpus_says_what_is_usable(here, run):
    sounds = here / "sounds"
    sounds.mkdir()
    for name in "abcd":
        soundfile.write(sounds / f"{name}.wav", np.zeros(8_000), 16_000)
    (sounds / "e.wav").write_text("no sound")
    (sounds / "labels.csv").write_text('file,labels\na.wav,"dog,rain"\nb.wav,cat\nc.wav,dog\ne.wav,dog\nf.wav,cat\n')
    status, out, err = run("check-corpus", "sounds")
    assert (status, err) == (0, "")
    for line in (
        "3 of 5 listed clips are usable, 0:00:02 in all",
        "3 of them are shorter than a second and will be padded",
        "1 without a recording:\n  f_0",
        "1 unreadable:\n  sounds/e.wav: cannot be read as audio",
        "1 recordings that are not listed:\n  sounds/d.wav",
        "3 classes, 3 of them with a usable recording",
        "  dog         2 of 3",
        "3 of 3 classes have fewer than 10 clips: ",
    ):
        assert line in out
    (sounds / "labels.csv").write_text("file,labels\na.wav,dog\nb.wav,808\nc.wav,cat\n")
    status, out, err = run("check-corpus", "sounds")
    assert (status, err) == (1, "zsaudio: sounds: the label '808' has no word that a text encoder could embed\n")
    (sounds / "labels.csv").write_text("file,labels\na.wav,dog\n")
    status, out, err = run("check-corpus", "sounds")
    assert status == 1
    assert err == "zsaudio: sounds: 1 classes have a usable recording, and 3 folds need at least one each\n"


def test_the_command_is_installed(here):
    command = Path(sys.executable).parent / "zsaudio"
    done = subprocess.run([command, "predict", "clip.wav", "--model", "none"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("zsaudio: none: is no folder")


def test_the_page_says_what_it_needs(here, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "gradio", None)
    status, out, err = run("app", "--model", "model")
    assert (status, out) == (2, "")
    assert err == "zsaudio: the page needs Gradio; in the project's folder type: pip install --editable '.[app]'\n"
