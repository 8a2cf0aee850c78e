"""A new part is one file, and one entry of params.yaml: taken from training to a published model, in a clone."""

import json
import math
import re

import pytest

import zsaudio
from miniature import Project, stages_run
from params import BASELINES
from zsaudio import ZsAudioError

LOGISTIC = '''"""Pairwise logistic loss: every class that a clip carries against every one that it does not."""

import torch.nn.functional as F
from torch import Tensor

from zsaudio.models.interfaces import Objective, carried


class PairwiseLogistic(Objective):
    """Sum over the pairs of log(1 + exp(score of the other - score of the carried))."""

    def __call__(self, scores: Tensor, labels: Tensor) -> Tensor:
        """See `Objective.__call__`."""
        present = carried(labels, scores.shape[-1])
        gaps = scores[..., None, :] - scores[..., :, None]
        return (F.softplus(gaps) * present[..., :, None] * (1 - present[..., None, :])).sum((-2, -1))
'''
TRANSFORMER = '''"""Self-attention over the segments, whose mean stands for the clip: no weighted sum of segments."""

from typing import Annotated

from torch import Tensor, nn

from zsaudio.models.interfaces import Aggregator, Score
from zsaudio.storage.values import whole


class Transformer(Aggregator):
    """One layer of self-attention, and mean pooling over the real segments."""

    scores_segments = False

    def __init__(self, units: int, *, heads: Annotated[int, whole(1, 64)] = 4) -> None:
        super().__init__(units)
        self.encoder = nn.TransformerEncoderLayer(units, heads, 2 * units, dropout=0.1, batch_first=True)

    def forward(self, v_x: Tensor, v_c: Tensor, mask: Tensor | None, score: Score) -> tuple[Tensor, None]:
        """See `Aggregator.forward`."""
        y = self.encoder(v_x, src_key_padding_mask=None if mask is None else ~mask)
        real = v_x.new_ones(v_x.shape[:-1]) if mask is None else mask.to(v_x.dtype)
        pooled = (y * real[..., None]).sum(-2) / real.sum(-1, keepdim=True)
        return score(pooled, v_c), None
'''
FILES = {"objectives/pairwise_logistic": LOGISTIC, "aggregators/transformer": TRANSFORMER}
ENTRIES = {
    "logistic": {
        "aggregator": "mean",
        "score": "cosine",
        "objective": "pairwise_logistic",
        "temperature": 0.1,
        "title": "Pairwise logistic",
    },
    "transformer": {
        "aggregator": "transformer",
        "score": "dot",
        "objective": "warp",
        "heads": 2,
        "optimiser": "adam",
        "lr": 0.001,
        "title": "Transformer *",
    },
}
USE = """
import json, sys, zsaudio
from zsaudio_cli import app

project, trained, published, recording = sys.argv[1:]
assert zsaudio.__file__.startswith(project), zsaudio.__file__
app(["export", trained, "--to", published], standalone_mode=False)
app(["predict", recording, "--model", trained, "--labels", "low hum, sea", "--json"], standalone_mode=False)
print(json.dumps([zsaudio.load(published).predict(recording, ["low hum", "sea"]).as_dict()]))
"""


@pytest.fixture(scope="module")
def extended(project) -> tuple[Project, set[str]]:
    """The project with two parts more and a model of each, and the stages that `dvc repro` has run."""
    for name, code in FILES.items():
        (project.folder / f"src/zsaudio/models/{name}.py").write_text(code)
    entries = {f"variants__{name}": entry for name, entry in ENTRIES.items()}
    project.set_params(**entries, models=list(ENTRIES), settings=["setting1"], train__seeds=[0], train__epochs=1)
    return project, stages_run(project.dvc("repro"))


def test_a_file_and_an_entry_are_all_that_a_new_part_needs(extended):
    project, ran = extended
    status = project.run("git", "status", "--porcelain", "src", "stages", "params.yaml").stdout.splitlines()
    assert {line[3:] for line in status} == {f"src/zsaudio/models/{name}.py" for name in FILES} | {"params.yaml"}
    assert {name for name in ran if "@" in name} - {f"baseline@{name}" for name in BASELINES} == {
        name.format(model)
        for model in ENTRIES
        for name in ("train@{}-setting1", "evaluate@{}", "localise@{}", "generalise@{}")
    }


@pytest.mark.parametrize("model", ENTRIES)
def test_its_row_stands_in_the_tables_and_the_report(extended, model):
    project, _ = extended
    value = project.metrics("table3.json")[model]["fold1"]
    assert value == project.metrics(f"{model}/setting1.json")["micro_f1"]
    title = ENTRIES[model]["title"].replace("*", r"\*")
    rows = [line for line in project.report().splitlines() if line.startswith(f"| {title} ")]
    assert any(f"{value:.3f}" in row for row in rows)
    assert ENTRIES[model]["title"] in (project.folder / "metrics/demo/report.html").read_text()


def test_attention_is_compared_where_segments_have_scores(extended):
    project, _ = extended
    logistic, transformer = (project.metrics(f"localise/{model}/setting1.json") for model in ENTRIES)
    assert logistic["pairs"] == transformer["pairs"] > 0
    assert "compatibility_pointing" in logistic
    assert "compatibility_pointing" not in transformer
    assert not any(name in values for values in (logistic, transformer) for name in ("pointing", "segment_ap"))


@pytest.mark.parametrize("model", ENTRIES)
def test_it_predicts_and_is_published(extended, tmp_path, model):
    project, _ = extended
    recording = str(next((project.folder / "data/demo/raw/audio").glob("*.wav")))
    trained, published = f"data/demo/models/{model}/setting1", str(tmp_path / "published")
    output = project.checked("python", "-c", USE, str(project.folder), trained, published, recording)
    predictions = [json.loads(text) for text in re.findall(r"^\[.*?^\]|^\[\{.*", output, re.DOTALL | re.MULTILINE)]
    assert predictions[0] == predictions[1]
    labels = predictions[0][0]["labels"]
    assert {row["label"] for row in labels} == {"low hum", "sea"}
    assert all(math.isfinite(row["score"]) for row in labels)
    assert ENTRIES[model]["title"].replace("*", r"\*") in (tmp_path / "published/README.md").read_text()
    if model == "transformer":
        with pytest.raises(
            ZsAudioError,
            match=r"aggregator: expected one of attention, log_mean_exp, .*, sum; got 'transformer'",
        ):
            zsaudio.load(tmp_path / "published")


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"heads": 3}, "variants.transformer.aggregator transformer: embed_dim must be divisible by num_heads"),
        ({"heads": 65}, "variants.transformer.heads: expected a whole number from 1 to 64, got 65"),
    ],
)
def test_its_knobs_are_checked_by_their_annotations(extended, knobs, message):
    project, _ = extended
    before = (project.folder / "params.yaml").read_text()
    project.set_params(variants__transformer=ENTRIES["transformer"] | knobs)
    done = project.run("python", "stages/variants.py")
    (project.folder / "params.yaml").write_text(before)
    assert done.returncode == 1
    assert done.stderr.startswith(f"variants: params.yaml: {message}")
    assert done.stderr.count("\n") == 1
