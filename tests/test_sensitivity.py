"""Studies: other values of one param, what else it changes, and the numbers that a run with that param would give."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import torch

from zsaudio.storage import schemas, tables
from zsaudio.dataset import CorpusTables, fold_clips
from params import TrainParams
from zsaudio.sensitivity import applies, columns_of, run_variant, vary_tables
from zsaudio.text import Label
from zsaudio.text.words import Words

CPU = torch.device("cpu")
TRAIN = TrainParams(seeds=[0, 1], epochs=2, batch_size=4, lr=0.1, margin=1.0, rank="index", weights="last", parts=3)
NAMES = ["Low hum", "High hum", "Low buzz", "High buzz", "Low siren", "High siren"]


@pytest.fixture
def found() -> CorpusTables:
    """Six classes, two in each fold, and clips that carry one of them or two of different folds."""
    rng = np.random.default_rng(0)
    n = 60
    labels = [[i % 6] if i < 48 else sorted([i % 6, (i + 2) % 6]) for i in range(n)]
    folds = [f"fold{1 + found[0] // 2}" if len(found) == 1 else None for found in labels]
    facts = {"encoder": "test", "segments": "3", "features": "8", "scale": "1", "offset": "0"}
    words = Words(16)
    mids = [f"/m/{i}" for i in range(6)]
    return CorpusTables(
        folds=pa.table(
            {"index": range(6), "mid": mids, "name": NAMES, "fold": [f"fold{1 + i // 2}" for i in range(6)]}
        ),
        clips=pa.table(
            {
                "clip_id": [f"c{i}" for i in range(n)],
                "subset": ["eval"] * n,
                "fold": folds,
                "labels": pa.array(labels, pa.list_(pa.int64())),
            }
        ).replace_schema_metadata({"spanning": "drop"}),
        audio=pa.table(
            {
                "clip_id": [f"c{i}" for i in range(n)],
                "n_segments": np.full(n, 3, np.int8),
                "embedding": tables.vectors(rng.standard_normal((n, 3, 8)).astype(np.float32)),
            }
        ).replace_schema_metadata(facts),
        text=pa.table(
            {
                "mid": mids,
                "name": NAMES,
                "description": [""] * 6,
                "embedding": tables.vectors(words.encode([Label(name) for name in NAMES])),
            }
        ).replace_schema_metadata(dict(words.facts)),
    )


def test_rows_are_per_gamma_and_run_and_curves_per_epoch(found):
    results, curves = run_variant(0.1, ["temporal_attention", "uniform_mean"], "setting1", TRAIN, CPU, found)
    columns = columns_of(results, schemas.STUDY)
    attention = [row for row in results if row["model"] == "temporal_attention"]
    assert len(attention) == 11 * 2
    assert len(results) - len(attention) == 2
    assert set(columns["value"]) == {"0.1"}
    assert set(columns["clips"]) == {16}
    assert set(columns["chance"]) == {0.5}
    assert len(curves) == 2 * 2 * 2
    assert list(columns_of(curves, schemas.STUDY_CURVE)) == list(schemas.STUDY_CURVE.columns)


def test_clips_that_span_folds_count_in_each_by_the_other_reading(found):
    from zsaudio.dataset import fold_classes

    varied = vary_tables(found, "folds.spanning", "any", None)
    classes = fold_classes(found.folds, "fold1")
    assert len(fold_clips(found.clips, classes)) == 16
    assert len(fold_clips(varied.clips, classes)) == 16 + 8  # of 12 clips with two labels, 8 have one in fold1


def test_a_random_split_moves_classes_and_clips_together(found):
    varied = vary_tables(found, "folds.split", 3, None)
    fold_of = dict(zip(varied.folds["mid"].to_pylist(), varied.folds["fold"].to_pylist(), strict=True))
    assert sorted(fold_of.values()) == ["fold1", "fold1", "fold2", "fold2", "fold3", "fold3"]
    for labels, fold in zip(varied.clips["labels"].to_pylist(), varied.clips["fold"].to_pylist(), strict=True):
        folds = {fold_of[f"/m/{label}"] for label in labels}
        assert fold == (folds.pop() if len(folds) == 1 else None)
    assert varied.clips["clip_id"].equals(found.clips["clip_id"])
    run_variant(3, ["uniform_mean"], "setting2", TRAIN, CPU, varied)


def test_params_of_training_leave_the_tables_alone(found):
    assert vary_tables(found, "train.lr", 0.1, None) is found


def test_only_bert_pools(found):
    assert applies("train.lr", found)
    assert not applies("text.pooling", found)


def test_another_pooling_embeds_the_labels_anew_with_the_same_bert(found, mirror):
    from zsaudio.text.bert import Bert

    name = "sentence-transformers/all-MiniLM-L6-v2"
    described = [Label(label, f"The sound of a {label.lower()}.") for label in NAMES]
    words, description = (Bert(name, pooling=pooling, mirror=mirror) for pooling in ("words", "description"))
    text = found.text.set_column(3, "embedding", tables.vectors(words.encode(described)))
    text = text.set_column(2, "description", pa.array([one.description for one in described]))
    varied = vary_tables(
        replace(found, text=text.replace_schema_metadata(dict(words.facts))), "text.pooling", "description", mirror
    )
    assert applies("text.pooling", varied)
    assert tables.metadata(varied.text)["pooling"] == "description"
    assert np.array_equal(tables.matrix(varied.text, "embedding"), description.encode(described))
