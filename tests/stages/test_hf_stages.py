"""The stages audio, text and baseline with small models of the transformers library, on a miniature of the demo."""

import os
from importlib import import_module
from pathlib import Path

import pytest

from committed import changed
from params import Params, parse_params
from pipeline import Paths
from pretrained import save_ast, save_clap
from zsaudio.storage import schemas, tables
from zsaudio.storage.files import read_json


def run_stages(params: Params, *names: str, **arguments: str) -> Paths:
    paths = Paths(params.corpus)
    for name in names:
        import_module(name).main(params, paths, **arguments)
    return paths


@pytest.fixture(scope="module")
def params(tmp_path_factory) -> Params:
    """Of a project, in whose folder the tests are, with its corpus and its folds."""
    folder = tmp_path_factory.mktemp("project")
    models = {"audio.hf.model": save_ast(folder / "ast"), "text.hf.model": save_clap(folder / "clap")}
    small = {"demo.clips": 60, "resamples": 100, "threads": 1, "audio.workers": 1, "settings": ["setting1"]}
    encoders = {"audio.encoder.demo": "hf", "text.encoder.demo": "hf", "baselines": ["zero_rule", "clap"]}
    values = (
        small | encoders | {name: str(path) for name, path in models.items()} | {"clap.model": str(folder / "clap")}
    )
    params = parse_params(changed(values))
    before = Path.cwd()
    os.chdir(folder)
    run_stages(params, "corpus", "classes", "folds", "audio")
    yield params
    os.chdir(before)


def test_recordings_and_labels_are_embedded_and_told_by_what(params, capsys):
    paths = run_stages(params, "text")
    audio, text = tables.file_metadata(paths.audio), tables.file_metadata(paths.text)
    assert (audio["encoder"], audio["features"], text["encoder"]) == ("hf:ast", "8", "hf:clap")
    assert tables.read_table(paths.audio, schemas.AUDIO)["n_segments"].to_pylist() == [10] * 60
    assert tables.matrix(tables.read_table(paths.text, schemas.TEXT), "path_embedding").shape[1] == 6
    assert "6 features each by hf:clap" in capsys.readouterr().out


def test_clap_is_measured_like_other_rows(params):
    paths = run_stages(params, "baseline", baseline="clap")
    metrics = read_json(paths.metrics / "clap/setting1.json")
    chance = read_json(run_stages(params, "baseline", baseline="zero_rule").metrics / "zero_rule/setting1.json")
    assert metrics.keys() == chance.keys()
    assert metrics["map"] != chance["map"]  # it ranks clips
    assert metrics["map_low"] <= metrics["map"] <= metrics["map_high"]


def test_clap_is_out_of_reach_of_a_corpus_without_recordings(params, capsys):
    paths = Paths(params.corpus)
    listed = paths.raw / "recordings.csv"
    away = listed.rename(paths.data / "recordings.csv")
    try:
        run_stages(params, "baseline", baseline="clap")
        assert import_module("report").unreachable(params, paths) == {
            (
                "clap",
                "setting1",
            ): "out of reach, as CLAP hears recordings and this corpus has none, but embeddings alone"
        }
    finally:
        away.rename(listed)
    assert capsys.readouterr().out.startswith("clap: out of reach")
    assert (paths.metrics / "clap").is_dir()
