"""Tables 3 and 4 beside the paper's, and the curves of all cells in one place each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from zsaudio import paper
from zsaudio.evaluation import deviation
from zsaudio.experiment import MODELS, SETTINGS

MEAN = "mean"
TITLES = {
    "temporal_attention": "Temporal attention",
    "uniform_aggregation": "Uniform aggregation (sum, the paper's)",
    "uniform_mean": "Uniform aggregation (mean, ours)",
    "supervised": "Supervised",
    "zero_rule": "Zero-rule",
}
COLUMNS = {"micro_f1": "Micro F1", "macro_f1": "Macro F1", "map": "mAP"}


@dataclass(frozen=True)
class Facts:
    """What a reader must know of how the numbers came about.

    Attributes:
        corpus: name of the corpus.
        audio_encoder, text_encoder, pooling: what embedded clips and labels.
        gamma, threshold: of eq. 7 and 8.
        training: the train section of params.yaml.
        threads: of the processor, on which rounding depends.
        spanning: what became of clips whose labels span folds.
        table1: classes and clips per fold.
        frequent: the most frequent class of each fold.
    """

    corpus: str
    audio_encoder: str
    text_encoder: str
    pooling: str
    gamma: float
    threshold: str | float
    training: Mapping[str, object]
    threads: int
    spanning: str
    table1: Mapping[str, float]
    frequent: Mapping[str, str]

    @property
    def on_audioset(self) -> bool:
        """Whether the paper's numbers may stand beside these."""
        return self.corpus == "audioset"


# Results of the runs of each (model, setting), columns of `zsaudio.schemas.RUNS`.
Results = Mapping[tuple[str, str], pd.DataFrame]
# Why a (model, setting) is not among the results, or which part of it is not.
Missing = Mapping[tuple[str, str], str]


def build_table(results: Results, metric: str) -> dict[str, dict[str, float]]:
    """One of the paper's tables: for each model the metric by test fold and its mean over the folds, each with `_std`.

    The standard deviation is over the runs (n - 1). That of the mean is over the runs' means, as run r of one
    setting and run r of another share their seed; a model without runs of its own (a baseline) has 0. A model that
    lacks a fold which another has gets no mean, as the two could not be compared.
    """
    folds = {SETTINGS[setting].test for _, setting in results}
    table: dict[str, dict[str, float]] = {}
    for model in dict.fromkeys(model for model, _ in results):
        by_fold = {
            SETTINGS[setting].test: runs.sort_values("run")[metric].to_numpy(np.float64)
            for (name, setting), runs in results.items()
            if name == model
        }
        columns = sorted(by_fold.items())
        if by_fold.keys() == folds:
            columns.append((MEAN, np.mean(list(by_fold.values()), axis=0)))
        row: dict[str, float] = {}
        for fold, values in columns:
            row[fold] = float(values.mean())
            row[f"{fold}_std"] = deviation(values)
        table[model] = row
    return table


def table_columns(table: Mapping[str, Mapping[str, float]]) -> list[str]:
    """The folds of a table of `build_table`, and their mean if a model has one."""
    names = {name for row in table.values() for name in row if not name.endswith("_std")}
    return sorted(names - {MEAN}) + sorted(names & {MEAN})


def collect(tables: Mapping[tuple[str, str], pd.DataFrame]) -> pd.DataFrame:
    """Tables of several cells below one another, with the columns model and setting in front."""
    parts = []
    for (model, setting), table in tables.items():
        if not table.empty:
            part = table.copy()
            part.insert(0, "model", model)
            part.insert(1, "setting", setting)
            parts.append(part)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def mean_over_runs(table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The mean over the runs at each point of a curve."""
    if table.empty:
        return table
    return table.drop(columns="run").groupby(["model", "setting", *by], sort=False, as_index=False).mean()


def render_report(results: Results, facts: Facts, missing: Missing) -> str:
    """report.md: what was run and what is missing, Tables 1, 3 and 4 beside the paper's, mAP, and why they differ."""
    parts = [f"# Results on the corpus `{facts.corpus}`", how(facts)]
    if missing:
        parts.append(f"## What is missing\n\n{_points(missing_sentences(missing))}")
    parts.append(_render_table1(facts))
    for metric, title in METRIC_TITLES.items():
        parts.append(f"## {title}\n\n{_render_table(build_table(results, metric), published(facts, metric))}")
        if metric == "micro_f1":
            parts.append(predicting_everything(facts.table1))
    parts.append(MAP_NOTE)
    if said := readings(results):
        parts.append(f"## What the numbers say\n\n{_points(said)}")
    if facts.on_audioset:
        parts.append(f"## What differs from the paper, and why\n\n{_points(DIFFERENCES)}")
    return "\n\n".join(parts) + "\n"


METRIC_TITLES = {"micro_f1": "Table 3: micro F1", "macro_f1": "Table 4: macro F1", "map": "Mean average precision"}
MAP_NOTE = (
    "The mAP of the zero-rule, whose scores say nothing of a clip, is what chance reaches. That of the supervised row "
    "is the mean over the parts of the cross-validation, since scores of two models are not comparable; chance reaches "
    "a little more in a part of the clips, so compare it with the other rows by its size, not to the last digit."
)


def published(facts: Facts, metric: str) -> Mapping[str, Mapping[str, float]]:
    """The paper's table of a metric by model and column; empty for a metric or corpus that it does not have."""
    tables = {"micro_f1": paper.MICRO_F1, "macro_f1": paper.MACRO_F1}
    return tables.get(metric, {}) if facts.on_audioset else {}


def missing_sentences(missing: Missing) -> list[str]:
    """For each model and reason the settings that the report has to do without."""
    groups: dict[tuple[str, str], list[str]] = {}
    for (model, setting), why in missing.items():
        groups.setdefault((model, why), []).append(setting)
    return [f"**{TITLES[model]}**, {', '.join(settings)}: {why}." for (model, why), settings in groups.items()]


def how(facts: Facts) -> str:
    """Two paragraphs on how the numbers came about and what they are."""
    training = facts.training
    seeds = training["seeds"]
    assert isinstance(seeds, Sequence)
    return (
        f"Text encoder **{facts.text_encoder}** (pooling `{facts.pooling}`), audio encoder "
        f"**{facts.audio_encoder}**. {len(seeds)} runs of {training['epochs']} epochs, batches of "
        f"{training['batch_size']}, SGD with learning rate {training['lr']}, rank by `{training['rank']}`, weights of "
        f"the `{training['weights']}` epoch, `threads` = {facts.threads}. gamma = {facts.gamma}, threshold: "
        f"{facts.threshold}. Clips whose labels span folds: `{facts.spanning}`.\n\n"
        "Numbers are the mean ± standard deviation over the runs."
    )


def table1_rows(facts: Facts) -> tuple[list[str], list[list[str]]]:
    """Heading and rows of Table 1, with the paper's numbers in the last two columns on AudioSet."""
    values = facts.table1
    heading = ["fold", "most frequent class", "classes", "clips", "labels per clip"]
    heading += ["paper: classes", "paper: clips"] if facts.on_audioset else []
    rows = []
    for fold in paper.CLASSES:
        row = [fold, facts.frequent[fold], f"{values[f'{fold}_classes']:.0f}", f"{values[f'{fold}_clips']:,.0f}"]
        row.append(f"{values[f'{fold}_labels_per_clip']:.2f}")
        if facts.on_audioset:
            row += [str(paper.CLASSES[fold]), f"{paper.CLIPS[fold]:,}"]
        rows.append(row)
    return heading, rows


def spanning_sentence(facts: Facts) -> str:
    """What became of the clips whose labels span folds."""
    if facts.spanning == "drop":
        left_out = f"{facts.table1['clips_left_out']:,.0f} of {facts.table1['clips']:,.0f}"
        return f"{left_out} clips with a selected class span folds and are left out."
    return "Clips whose labels span folds are in each of them, so the folds share clips."


def _render_table1(facts: Facts) -> str:
    heading, rows = table1_rows(facts)
    lines = ["## Table 1: the folds", "", *_header(heading), *map(_line, rows), "", spanning_sentence(facts)]
    return "\n".join(lines)


def _render_table(table: Mapping[str, Mapping[str, float]], published: Mapping[str, Mapping[str, float]]) -> str:
    columns = table_columns(table)
    lines = _header(["model", *columns, *(f"paper: {name}" for name in columns if published)])
    for model, row in table.items():
        cells = [TITLES[model]]
        # A baseline has no runs to differ.
        spread = model in MODELS
        for name in columns:
            value = f"{row[name]:.3f}" + (f" ± {row[f'{name}_std']:.3f}" if spread else "") if name in row else "-"
            cells.append(value)
        if published:
            theirs = published.get(model, {})
            cells += [f"{theirs[name]:g}" if name in theirs else "-" for name in columns]
        lines.append(_line(cells))
    return "\n".join(lines)


def predicting_everything(table1: Mapping[str, float]) -> str:
    """The micro F1 of predicting every class for every clip: 2p / (1 + p), p being the share of positive decisions."""
    shares = [table1[f"{fold}_labels_per_clip"] / table1[f"{fold}_classes"] for fold in paper.CLASSES]
    values = [f"{2 * share / (1 + share):.3f}" for share in shares]
    return f"Predicting every class for every clip would give {', '.join(values[:-1])} and {values[-1]}."


def readings(results: Results) -> list[str]:
    """What the numbers say of attention, sum and mean: counted, not asserted."""
    lines: list[str] = []
    for other in ("uniform_aggregation", "uniform_mean"):
        lines += _comparison(results, "temporal_attention", other)
    lines += _comparison(results, "supervised", "temporal_attention")
    return lines + _share_of_scale(results)


def _comparison(results: Results, model: str, other: str) -> list[str]:
    settings = [s for name, s in results if name == model and (other, s) in results]
    if not settings:
        return []
    parts = []
    for metric, title in COLUMNS.items():
        gaps = [results[model, s][metric].mean() - results[other, s][metric].mean() for s in settings]
        above = sum(gap > 0 for gap in gaps)
        parts.append(f"{title} on {above} of {len(gaps)} folds (mean difference {np.mean(gaps):+.3f})")
    return [f"{TITLES[model]} is above {TITLES[other]} in {'; '.join(parts)}."]


def _share_of_scale(results: Results) -> list[str]:
    """How much of the gap between attention and the literal sum the mean closes, which differs by its scale alone."""
    trio = ("temporal_attention", "uniform_aggregation", "uniform_mean")
    settings = [s for name, s in results if name == trio[0] and all((other, s) in results for other in trio)]
    if not settings:
        return []
    parts = []
    for metric, title in COLUMNS.items():
        attention, total, mean = (np.mean([results[model, s][metric].mean() for s in settings]) for model in trio)
        if total < mean < attention:
            parts.append(f"{(mean - total) / (attention - total):.0%} in {title}")
    sentence = (
        "Dividing the sum by the number of segments, a change of scale and nothing else, closes this share of the gap"
    )
    return [f"{sentence} to attention: {', '.join(parts)}."] if parts else []


def _header(names: Sequence[str]) -> list[str]:
    return [_line(names), _line(["---"] + ["---:"] * (len(names) - 1))]


def _points(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


DIFFERENCES = (
    "**Text encoder.** The paper embeds labels with BERT (bert-base-uncased, the default of `text.model` "
    "wherever the model hub can be reached). Which encoder made the numbers above stands at the top.",
    "**Clips.** The paper had 23,740 clips, the share of AudioSet's two balanced subsets that could still be "
    "downloaded. Its official embeddings hold every clip of them; Table 1 counts those that are here.",
    "**Folds.** The greedy split depends on the clips, so our folds are not the paper's. Micro F1 and the "
    'zero-rule follow the most frequent class by far, "Music": the paper\'s zero-rule figures put it in its '
    "fold2; where it is here, Table 1 says. Compare the rows of a column with each other rather than with the "
    "paper's column.",
    "**Audio.** The encoder google_vggish is the official embeddings (after PCA, 8 bits), not VGGish run on "
    "recordings.",
    "**Uniform aggregation** is taken to the letter: eq. 6 with its sum, in training and in testing. A sum "
    "over ten segments is ten times larger against the same margin and learning rate, so its training is "
    "cruder. The mean (ours, `uniform_mean`) takes the scale away.",
    "**Threshold.** Chosen on the validation fold for each run. The paper's M = 1.51 belongs to its own "
    "scores' scale; `dvc exp run -S threshold=1.51` takes it literally.",
    "**Supervised** is a cross-validation over the clips of the test fold, each scored by a model that has "
    "not seen it; thresholds are chosen on the part of the clips set aside for it.",
)
