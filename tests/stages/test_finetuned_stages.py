"""The stages of sound search whose encoders are trained, on recordings with captions and tiny networks."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from committed import ROOT, changed
from dual_encoders import save_networks, save_sounds
from zsaudio import load, open_index
from zsaudio.search.indexing import index_folder
from zsaudio.search.space import Space
from zsaudio.storage import schemas, tables

ROWS = {"first": {"epochs": 2}, "second": {"epochs": 1, "rewrites": 0.5, "subsets": ["tones"]}}


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}/src:{ROOT}/stages"}
    script, *arguments = command
    called = [sys.executable, str(ROOT / f"stages/{script}.py"), *arguments]
    return subprocess.run(called, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def checked(folder: Path, *command: str) -> str:
    done = run(folder, *command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A folder in which a row was fine-tuned on two subsets, and another from its weights on one of them."""
    folder = tmp_path_factory.mktemp("tuned")
    save_networks(folder / "networks")
    subsets = {}
    for seed, name in enumerate(("tones", "more", "held", "asked")):
        sounds = save_sounds(folder / name, 8, seed)
        told = zip(sounds.captioned.clip_ids, sounds.captioned.offsets, strict=False)
        lines = [f"{clip}.wav,{sounds.captioned.texts[sounds.captioned.captions[first]]}" for clip, first in told]
        (folder / f"{name}.csv").write_text("\n".join(["file,caption", *lines]) + "\n")
        subsets[name] = {"captions": [f"{name}.csv"], "recordings": name}
    rewrites = [{"caption": "A low hum.", "variations": ["Something hums, low", "!"]}]
    (folder / "rewrites.json").write_text(json.dumps(rewrites))
    (folder / "tones/clip0_00.wav").write_bytes(b"no recording")
    encoders = {"audio_encoder": "hf", "audio_model": "networks/wav2vec2", "text_model": "networks/roberta"}
    rows = {name: {"title": name, "finetune": True, **encoders, **knobs} for name, knobs in ROWS.items()}
    data = {role: {"subsets": [name]} for role, name in (("validation", "held"), ("test", "asked"))}
    data |= {"train": {"subsets": ["tones", "more"]}, "strong_labels": None}
    values = {"corpus": "captioned", "captioned.subsets": subsets, "threads": 1, "audio.workers": 1}
    values |= {"retrieval.models": ["first", "second"], "retrieval.frozen": [], "retrieval.finetuned": ["first"]}
    values |= {"retrieval.transferred": ["second"], "retrieval.pretrained": "first", "retrieval.variants": rows}
    values |= {"retrieval.data.captioned": data, "retrieval.rewrites": "rewrites.json", "retrieval.resamples": 100}
    values |= {"retrieval.finetuning.batch_size": 8, "retrieval.finetuning.chunk": 4}
    values |= {"retrieval.finetuning.units": 16, "retrieval.finetuning.seconds": 2, "retrieval.finetuning.lr": 0.003}
    (folder / "params.yaml").write_text(yaml.safe_dump(changed(values), sort_keys=False))
    checked(folder, "corpus")
    checked(folder, "retrieval/captions")
    for row in ROWS:
        told = run(folder, "retrieval/finetune", "--model", row)
        assert told.returncode == 0, told.stderr
        assert "tones/clip0_00.wav" in told.stderr  # which cannot be read
        assert "; it is left out" in told.stderr
        checked(folder, "retrieval/evaluate", "--model", row)
    return folder


def test_rewrites_are_plain_and_those_without_a_word_are_left_out(project):
    written = tables.read_table(project / "data/captioned/retrieval/captions/rewrites.csv", schemas.REWRITES)
    assert written.to_pylist() == [{"caption": "a low hum", "rewrite": "something hums low"}]


def test_each_row_has_metrics_and_a_curve_and_leaves_no_checkpoint(project):
    for row, knobs in ROWS.items():
        metrics = json.loads((project / f"metrics/captioned/retrieval/{row}.json").read_text())
        assert metrics["text_to_audio"]["queries"] == 4  # the kinds of sound
        curve = (project / f"data/captioned/retrieval/curves/{row}.csv").read_text().splitlines()
        assert len(curve) == 1 + knobs["epochs"]
    assert not list((project / "data/captioned/retrieval/checkpoints").iterdir())


def test_the_report_has_the_rows_and_how_they_were_trained(project):
    checked(project, "retrieval/report")
    report = (project / "metrics/captioned/retrieval/report.md").read_text()
    assert "| second" in report
    assert "**Fine-tuning.** `epochs` = 16, " in report
    assert "Ours are empty" in report  # these are not Clotho's test recordings


def test_search_finds_with_a_fine_tuned_row(project):
    model = project / "data/captioned/retrieval/models/second"
    index_folder(project / "asked", project / "index", Space(load(model)), str(model), 0)
    hits = open_index(project / "index").search("a low hum", top=3)
    assert [hit.rank for hit in hits] == [1, 2, 3]


def test_a_row_that_begins_with_another_needs_it(project):
    models = project / "data/captioned/retrieval/models"
    shutil.move(models / "first", project / "kept")
    done = run(project, "retrieval/finetune", "--model", "second")
    shutil.move(project / "kept", models / "first")
    assert done.returncode == 1
    assert done.stderr.startswith("finetune: data/captioned/retrieval/models/first: is no folder")
