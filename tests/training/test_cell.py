"""Cells: a variant trained on a task, its scores of validation and test clips, its curve and its config."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from builders import CLIPS, CPU, VARIANTS, tiny_corpus, variant
from zsaudio.evaluation.metrics import mean_average_precision
from zsaudio.evaluation.scored_clips import read_scores
from zsaudio.models.variant import Variant
from zsaudio.storage import schemas, tables
from zsaudio.tasks.build import build_task
from zsaudio.tasks.corpus_tables import CorpusTables, embed
from zsaudio.tasks.task import Task
from zsaudio.tasks.tensors import ExampleTensors
from zsaudio.training.cell import describe, run_cell
from zsaudio.training.config import TrainingConfig
from zsaudio.training.stacked import StackedModels
from zsaudio.training.trained_cell import TrainedCell, curve_columns
from zsaudio.training.zero_shot_learner import refit

CONFIG = TrainingConfig(epochs=2, batch_size=8)
CLASSES, N_CLIPS = {"fold1": 6, "fold2": 5, "fold3": 4}, {"fold1": 18, "fold2": 24, "fold3": 15}
ROWS = pytest.mark.parametrize("name", VARIANTS)


def random_corpus() -> CorpusTables:
    """Three folds of classes and clips; some clips have a segment less than the others."""
    rng = np.random.default_rng(0)
    fold_of = [fold for fold, n in CLASSES.items() for _ in range(n)]
    mids = [f"/m/{c}" for c in range(len(fold_of))]
    folds = {"index": range(len(mids)), "mid": mids, "name": mids, "fold": fold_of, "order": range(len(mids))}
    fold_of_clip = [fold for fold, n in N_CLIPS.items() for _ in range(n)]
    own = {fold: [c for c, of_class in enumerate(fold_of) if of_class == fold] for fold in CLASSES}
    n = len(fold_of_clip)
    clips = {
        "clip_id": [f"clip{i}" for i in range(n)],
        "subset": ["eval"] * n,
        "fold": fold_of_clip,
        "labels": [sorted(rng.choice(own[fold], rng.integers(1, 4), replace=False).tolist()) for fold in fold_of_clip],
    }
    audio = {
        "clip_id": clips["clip_id"],
        "n_segments": np.where(rng.random(n) < 0.2, 2, 3),
        "embedding": tables.vectors(rng.standard_normal((n, 3, 7)).astype(np.float32)),
    }
    text = {
        "mid": mids,
        "name": mids,
        "description": [f"What {mid} is." for mid in mids],
        "path": mids,
        "parents": mids,
        "below": list(range(len(mids))),
    }
    text["name_embedding"] = tables.vectors(rng.standard_normal((len(mids), 5)).astype(np.float32))
    encoding = {"encoder": "none", "segments": "3", "features": "7", "scale": "1", "offset": "0"}
    return CorpusTables(
        folds=tables.build_table(schemas.FOLDS, {**folds, "clips": [1] * len(mids)}),
        clips=tables.build_table(schemas.CLIPS, clips, {"spanning": "drop"}),
        audio=tables.build_table(schemas.AUDIO, audio, encoding),
        text=tables.build_table(schemas.TEXT, text, {"encoder": "words", "revision": "1", "pooling": "words"}),
    )


CORPUS = random_corpus()


def task_for(name: str, seeds: tuple[int, ...] = (0, 5)) -> Task:
    return build_task(VARIANTS[name].task, "setting1", CORPUS.folds, CORPUS.clips, seeds, parts=4)


def run(name: str, config: TrainingConfig = CONFIG, task: Task | None = None) -> TrainedCell[StackedModels]:
    return run_cell(VARIANTS[name], task or task_for(name), CORPUS, config, CPU)


def score_of(columns: dict, name: str = "score") -> np.ndarray:
    return np.stack(columns[name].to_numpy(zero_copy_only=False))


@ROWS
def test_every_clip_is_scored_once_in_each_run_by_the_member_that_may(name):
    task, cell = task_for(name), run(name)
    for role, columns, examples in (("validation", cell.validation, task.validation), ("test", cell.test, task.test)):
        rows = [(member.run, member.part, getattr(member, role)) for member in task.members]
        ids = examples.clips.clip_ids
        expected = [(run, part, ids[row]) for run, part, of_member in rows for row in of_member]
        actual = zip(columns["run"].tolist(), columns["part"].tolist(), columns["clip_id"], strict=True)
        assert list(actual) == expected
        for number in (0, 1):
            assert sorted(columns["clip_id"][columns["run"] == number]) == sorted(ids)
        assert score_of(columns).shape == (len(expected), len(examples.classes))
        assert "uniform" in columns
        assert ("attended" in columns) == (VARIANTS[name].aggregator != "attention")
    assert len(cell.models) == len(task.members)


@ROWS
def test_scores_are_of_the_weights_that_the_cell_has(name):
    task, cell = task_for(name), run(name)
    data = ExampleTensors(embed(task.test, CORPUS), CPU)
    row_of = {clip: row for row, clip in enumerate(task.test.clips.clip_ids)}
    member_of = {(member.run, member.part): number for number, member in enumerate(task.members)}
    for line in (0, 10, len(cell.test["clip_id"]) - 1):
        member = member_of[cell.test["run"][line], cell.test["part"][line]]
        x, mask = data.take(torch.tensor([row_of[cell.test["clip_id"][line]]]))
        expected = cell.models.model(member)(x, mask, data.text)
        assert score_of(cell.test)[line] == pytest.approx(expected.score[0].tolist(), abs=1e-5)
        for kind in {"attended", "uniform"} & cell.test.keys():
            values = getattr(expected, kind)[0].tolist()
            assert score_of(cell.test, kind)[line] == pytest.approx(values, abs=1e-5)


@ROWS
def test_what_is_written_is_read_by_the_evaluation(tmp_path, name):
    task, cell = task_for(name), run(name)
    tables.write_table(tmp_path / "test.feather", schemas.SCORES, cell.test)
    scores = read_scores(tmp_path / "test.feather", task.test, {0, 1})
    assert np.array_equal(scores.score, score_of(cell.test))
    assert scores.runs() == [0, 1]
    tables.write_table(
        tmp_path / "curve.csv", schemas.CURVE, curve_columns(cell.curve, [member.run for member in task.members])
    )


def test_the_last_line_of_the_curve_is_of_the_validation_scores(tmp_path):
    task, cell = task_for("temporal_attention"), run("temporal_attention")
    tables.write_table(tmp_path / "validation.feather", schemas.SCORES, cell.validation)
    scores = read_scores(tmp_path / "validation.feather", task.validation, {0, 1})
    for number, of_run in scores.by_part().items():
        precision = mean_average_precision(of_run[0].score, of_run[0].carried)
        assert cell.curve[-1].validation_map[number] == pytest.approx(precision)


def test_sum_and_mean_differ_by_the_number_of_segments():
    # Untrained, both have the same weights; 0 epochs are not to be had, so the learning rate is next to nothing.
    still, task = replace(CONFIG, epochs=1, lr=1e-12), task_for("uniform_mean", (0,))
    total, mean = (score_of(run(name, still, task).test) for name in ("uniform_aggregation", "uniform_mean"))
    n_segments = embed(task.test, CORPUS).audio.n_segments
    assert len(set(n_segments)) == 2
    assert np.allclose(total, mean * n_segments[:, None], atol=1e-4)


@ROWS
@pytest.mark.parametrize("fused", [True, False], ids=["fused", "loop"])
def test_a_cell_is_the_same_each_time_and_leaves_random_numbers_alone(name, fused):
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    first = run(name, replace(CONFIG, fused=fused))
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(2)
    second = run(name, replace(CONFIG, fused=fused))
    assert np.array_equal(score_of(first.test), score_of(second.test))
    assert first.curve == second.curve


def test_the_curve_has_a_row_for_each_run_and_epoch_and_the_mean_of_the_parts():
    task, cell = task_for("supervised"), run("supervised")
    columns = curve_columns(cell.curve, [member.run for member in task.members])
    assert columns["run"] == [0, 0, 1, 1]
    assert columns["epoch"] == [1, 2, 1, 2]
    for name in ("train_loss", "validation_loss", "validation_map"):
        assert columns[name][1] == pytest.approx(np.mean(getattr(cell.curve[1], name)[:4]))
        assert columns[name][2] == pytest.approx(np.mean(getattr(cell.curve[0], name)[4:]))


def described(row=VARIANTS["temporal_attention"], corpus: CorpusTables | None = None, **training):
    corpus = corpus or tiny_corpus()
    task = build_task(row.task, "setting1", corpus.folds, corpus.clips, [0, 5], parts=2)
    return describe(row, task, corpus, training, setting="setting1", corpus_name="demo")


def test_the_config_says_all_that_is_needed():
    row = variant(score="cosine", knobs={"temperature": 0.1})
    config = described(row, epochs=2, temperature=0.1)
    assert config.variant == row
    assert config.training == {"epochs": 2, "temperature": 0.1}
    assert [(member.run, member.seed, member.part) for member in config.members] == [(0, 0, 0), (1, 5, 0)]
    assert (config.setting, config.corpus, config.spanning) == ("setting1", "demo", "drop")
    assert config.roles == {"train": "fold2", "validation": "fold3", "test": "fold1"}
    stored = [(stored_class.name, stored_class.description) for stored_class in config.classes["fold1"]]
    assert stored == [("Low hum", "Low hum"), ("Bird song, call", "Bird song, call")]
    assert set(config.classes) == {"fold1", "fold2", "fold3"}
    assert config.audio == tables.metadata(tiny_corpus().audio)
    assert config.text == tables.metadata(tiny_corpus().text)
    assert config.decision is None


def test_files_are_named_by_their_full_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my-bert").mkdir()
    Path("pca.npz").touch()
    corpus = tiny_corpus()

    def with_metadata(**changes: str) -> CorpusTables:
        text, audio = (
            table.replace_schema_metadata(tables.metadata(table) | changes) for table in (corpus.text, corpus.audio)
        )
        return replace(corpus, text=text, audio=audio)

    local = described(corpus=with_metadata(model="my-bert", pca="pca.npz", encoder="my-bert"))
    assert local.text["model"] == str(tmp_path / "my-bert")
    assert local.audio["pca"] == str(tmp_path / "pca.npz")
    assert local.text["encoder"] == "my-bert"  # a name, and no file's
    public = described(corpus=with_metadata(model="some/hub-name", pca="https://host/pca.npz"))
    assert public.text["model"] == "some/hub-name"
    assert public.audio["pca"] == "https://host/pca.npz"


def test_a_cross_validated_model_knows_the_classes_of_its_fold_only():
    assert len(CLIPS) == 4
    config = described(VARIANTS["supervised"])
    assert config.roles == {"test": "fold1"}
    assert list(config.classes) == ["fold1"]
    assert [(member.run, member.part) for member in config.members] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [member.seed for member in config.members] == [0, 0, 5, 5]


def replace_variant(row: Variant, **changes: Any) -> Variant:
    return row.model_copy(update=changes)


OURS = variant(
    "mean",
    pooling="statistics",
    name="ours",
    projection="perceptron",
    score="cosine",
    objective="softmax_cross_entropy",
    scale="log_softmax",
    breadth=0.5,
    ensemble=3,
)


def test_an_ensemble_is_the_mean_of_its_models_on_the_scale_that_it_is_tested_on():
    task = build_task("zero_shot", "setting1", CORPUS.folds, CORPUS.clips, [0, 5], ensemble=3)
    cell = run_cell(OURS, task, CORPUS, replace(CONFIG, optimiser="adamw", knobs={"dropout": 0.2}), CPU)
    assert len(cell.models) == 6
    assert cell.test["run"].tolist() == [run for run in (0, 1) for _ in range(len(task.test.clips))]
    assert set(cell.test["part"]) == {0}
    data = ExampleTensors(embed(task.test, CORPUS), CPU)
    x, mask = data.take(torch.arange(len(task.test.clips)))
    rows = [CORPUS.text["mid"].to_pylist().index(mid) for mid in task.test.classes.mids]
    expected = 0.5 * torch.tensor(rows).add(1).log()  # breadth: the corpus has as many nodes below a class as its row
    of_models = [(cell.models.model(r)(x, mask, data.text).score + expected).log_softmax(-1) for r in (3, 4, 5)]
    second = score_of(cell.test)[len(task.test.clips) :]
    assert np.allclose(second, torch.stack(of_models).mean(0).detach(), atol=1e-5)
    assert not torch.allclose(of_models[0], of_models[1])
    assert len({member.seed for member in task.members}) == 6


@pytest.mark.parametrize("refit", [False, True])
def test_the_reference_is_what_the_tested_models_make_of_training_clips(refit):
    row = replace_variant(OURS, scale="inverted_softmax", ensemble=1, refit=refit)
    task = build_task("zero_shot", "setting1", CORPUS.folds, CORPUS.clips, [0, 5], refit=refit)
    cell = run_cell(row, task, CORPUS, replace(CONFIG, keep_best=True), CPU)
    examples = task.refit if refit else task.train
    data = ExampleTensors(embed(examples, CORPUS), CPU)
    v_x = [cell.models.model(r).hear(*data.take(torch.arange(len(examples.clips))))[0][:, 0] for r in (0, 1)]
    for r in (0, 1):
        reference = cell.models.model(r).reference[: len(v_x[r]), 0]
        assert torch.allclose(reference.sort(0).values, v_x[r].sort(0).values, atol=1e-5)  # each clip once, then again


def test_projections_are_fitted_to_the_training_clips():
    task = build_task("zero_shot", "setting1", CORPUS.folds, CORPUS.clips, [0])
    cell = run_cell(replace_variant(OURS, ensemble=1), task, CORPUS, CONFIG, CPU)
    data = ExampleTensors(embed(task.train, CORPUS), CPU)
    x, mask = data.take(torch.arange(len(task.train.clips)))
    model = cell.models.model(0)
    pooled, _ = model.pooling(x, mask)
    assert torch.allclose(model.audio.standardise.mean, pooled.mean((0, 1)), atol=1e-5)
    assert torch.allclose(model.text.standardise.mean, data.text.mean(0), atol=1e-5)


def test_a_model_is_told_the_texts_of_its_variant():
    several = replace(CORPUS, text=CORPUS.text.append_column("path_embedding", CORPUS.text["name_embedding"]))
    row = replace_variant(OURS, texts=["name", "path"], ensemble=1)
    task = build_task("zero_shot", "setting1", CORPUS.folds, CORPUS.clips, [0])
    cell = run_cell(row, task, several, CONFIG, CPU)
    assert cell.models.weights["text.standardise.mean"].shape == (1, 10)
    config = describe(row, task, several, {}, setting="setting1", corpus_name="demo")
    assert config.text_features == 10


def test_models_that_are_tested_may_be_trained_on_the_validation_fold_too():
    row = replace_variant(VARIANTS["temporal_attention"], refit=True)
    config = replace(CONFIG, keep_best=True)
    task = build_task("zero_shot", "setting1", CORPUS.folds, CORPUS.clips, [0, 5], refit=True)
    cell, plain = run_cell(row, task, CORPUS, config, CPU), run("temporal_attention", config)
    assert np.array_equal(score_of(cell.validation), score_of(plain.validation))
    assert not np.allclose(score_of(cell.test), score_of(plain.test))
    roles = describe(row, task, CORPUS, {}, setting="setting1", corpus_name="demo").roles
    assert roles == {"test": "fold1", "train": "fold2_and_fold3", "validation": "fold3"}
    data = ExampleTensors(embed(task.refit, CORPUS), CPU)
    best = [1 + int(np.argmax([epoch.validation_map[r] for epoch in cell.curve])) for r in (0, 1)]
    members = [replace(member, train=np.arange(len(task.refit.clips))) for member in task.members]
    again = refit(row, members, data, config, best)
    for name, tensor in again.weights.items():
        assert torch.equal(tensor, cell.models.weights[name])
