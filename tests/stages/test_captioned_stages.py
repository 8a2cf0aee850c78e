"""The stages corpus and audio on recordings with captions, and the stages that such a corpus does not have."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from committed import ROOT, changed
from zsaudio.storage import schemas, tables

SECONDS = {"clotho": {"Rain, hard.wav": 2, "A train.wav": 3}, "audiocaps": {"Y--4gqARaEJE_30.wav": 1}}
SECONDS |= {"wavcaps": {"sub/Yb0RFKhbpFJA.flac": 2}, "own": {"a.wav": 1, "broken.wav": 0, "more.wav": 1}}
CAPTIONS = {
    "clotho": 'file_name,caption_1,caption_2\n"Rain, hard.wav",It rains.,Rain falls.\nA train.wav,A train.,A horn.\n',
    "audiocaps": "audiocap_id,youtube_id,start_time,caption\n1,--4gqARaEJE,30,A dog barks\n",
    "wavcaps": json.dumps({"data": [{"id": "Yb0RFKhbpFJA.wav", "caption": "Wind blows."}]}),
    "own": "file,caption\na.wav,A hum\nbroken.wav,Silence\ngone.wav,Nothing\na.wav,\n",
}


def run(folder: Path, stage: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}/src:{ROOT}/stages"}
    command = [sys.executable, str(ROOT / f"stages/{stage}.py")]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A folder with params.yaml and a small part of each of the four."""
    folder = tmp_path_factory.mktemp("project")
    rng = np.random.default_rng(0)
    subsets = {}
    for subset, recordings in SECONDS.items():
        for file, seconds in recordings.items():
            path = folder / subset / file
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, rng.uniform(-0.5, 0.5, 16000 * seconds), 16000)
        (folder / f"{subset}.captions").write_text(CAPTIONS[subset])
        subsets[subset] = {"captions": [f"{subset}.captions"], "recordings": subset}
    values = {"corpus": "captioned", "captioned.subsets": subsets, "audio.encoder.captioned": "logmel", "threads": 1}
    (folder / "params.yaml").write_text(yaml.safe_dump(changed(values | {"audio.workers": 1}), sort_keys=False))
    return folder


def test_recordings_with_captions_are_listed_and_embedded(project):
    listed = run(project, "corpus")
    assert listed.returncode == 0, listed.stderr
    assert listed.stdout.splitlines() == [
        "clotho: 2 recordings, 4 captions",
        "audiocaps: 1 recordings, 1 captions",
        "wavcaps: 1 recordings, 1 captions",
        "own: 2 recordings, 2 captions",
        "1 recordings have no caption, 1 captioned ones are not there; data/captioned/raw/unmatched.csv names them",
    ]
    assert listed.stderr == "corpus: own.captions: 1 of 4 captions are empty; they are left out\n"
    captions = tables.read_table(project / "data/captioned/raw/captions.csv", schemas.CAPTIONS).to_pylist()
    assert captions[0] == {"subset": "clotho", "clip_id": "clotho-Rain_hard", "caption": "It rains."}

    embedded = run(project, "audio")
    assert embedded.returncode == 0, embedded.stderr
    audio = tables.read_table(project / "data/captioned/audio.parquet", schemas.AUDIO)
    seconds = dict(zip(audio["clip_id"].to_pylist(), audio["n_segments"].to_pylist(), strict=True))
    assert seconds == {
        "clotho-Rain_hard": 2,
        "clotho-A_train": 3,
        "audiocaps-Y--4gqARaEJE_30": 1,
        "wavcaps-sub_Yb0RFKhbpFJA": 2,
        "own-a": 1,
    }
    errors = tables.read_table(project / "data/captioned/audio_errors.csv", schemas.AUDIO_ERRORS)
    assert errors["clip_id"].to_pylist() == ["own-broken"]
    assert "5 of 6 clips have audio" in embedded.stdout


@pytest.mark.parametrize("stage", ["classes", "variants", "tagging/report"])
def test_a_stage_that_needs_labels_says_what_this_corpus_has(project, stage):
    done = run(project, stage)
    assert done.returncode == 1
    assert done.stderr == (
        f"{stage.split('/')[-1]}: corpus: captioned has captions alone, and this stage needs labels; "
        "`dvc repro stages/retrieval/dvc.yaml` trains sound search on captions\n"
    )
