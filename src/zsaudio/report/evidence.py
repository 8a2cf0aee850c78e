"""What the report is made of: what the stages have left, and how the numbers came about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from zsaudio.corpora.size import size_warnings
from zsaudio.evaluation.grids import Grid, grids, is_grid
from zsaudio.report.markdown import escaped
from zsaudio.report.results import Cells, collect, interval_rows, mean_over_runs, of_source
from zsaudio.report.seen_labels import seen_label_warnings
from zsaudio.report.table_rows import CLAP, TableRows
from zsaudio.storage.values import canonical


@dataclass(frozen=True)
class Facts:
    """What a reader must know of how the numbers came about.

    Attributes:
        corpus: name of the corpus.
        audio_encoder, text_encoder, pooling: what embedded clips and labels.
        segments: T.
        params: values by their paths in params.yaml, such as train.lr.
        code: which code and packages, by what they are called.
        table1: classes and clips per fold.
        frequent: the most frequent class of each fold.
        architectures: what the transformers library calls the audio encoder and the text encoder, if they are of it.
    """

    corpus: str
    audio_encoder: str
    text_encoder: str
    pooling: str
    segments: int
    params: Mapping[str, object]
    code: Mapping[str, str]
    table1: Mapping[str, float]
    frequent: Mapping[str, str]
    architectures: Mapping[str, str] = field(default_factory=dict)

    @property
    def classes(self) -> dict[str, int]:
        """How many classes each fold has."""
        return {fold: int(self.table1[f"{fold}_classes"]) for fold in self.frequent}

    @property
    def on_audioset(self) -> bool:
        """Whether the paper's numbers may stand beside these."""
        return self.corpus == "audioset"


@dataclass(frozen=True)
class Localised:
    """What the stage localise left; each by (row, setting).

    Attributes:
        summaries: `zsaudio.storage.schemas.LOCALISATION`.
        pointing: `POINTING`.
        segments, events: `LOCATED` and `EVENTS` of the headline row.
        figure2: `FIGURE2`, empty but for the model whose test fold has the class of Figure 2.
    """

    summaries: Cells
    pointing: Cells
    segments: Cells
    events: Cells
    figure2: Cells


@dataclass(frozen=True)
class Evidence:
    """What the stages have left, by (row, setting) where `Cells`; each of the schema of its name.

    Attributes:
        rows: of the tables.
        results: metrics of the runs.
        resampled: the same on resamples, of each source.
        scored: by scoring (`zsaudio.evaluation.scored_clips.SCORINGS`), the like of `results` and `resampled`, with the
            segments scored so whatever was trained.
        fusion: how eq. 7 mixes.
        curves, by_gamma, by_threshold, classes: of training, and of evaluation.
        localised: where attention looks.
        generalised: `GENERALISED`, seen and unseen classes together.
        studies: `zsaudio.storage.schemas.STUDIES`, of this corpus.
        folds, decisions: of the classes.
        n_segments: of each clip.
        missing: why a (row, setting), or a part of it, is not there.
        facts: how the numbers came about.
    """

    rows: TableRows
    results: Cells
    resampled: Cells
    scored: Mapping[str, tuple[Cells, Cells]]
    fusion: Cells
    curves: Cells
    by_gamma: Cells
    by_threshold: Cells
    classes: Cells
    localised: Localised
    generalised: Cells
    studies: pd.DataFrame
    folds: pd.DataFrame
    decisions: pd.DataFrame
    n_segments: Sequence[int]
    missing: Mapping[tuple[str, str], str]
    facts: Facts

    @cached_property
    def resamples(self) -> Cells:
        """Metrics on resamples of seeds, classes and clips."""
        return of_source(self.resampled, "all")

    @cached_property
    def grids(self) -> list[Grid]:
        """Of learning rate and margin, in the order of the tables."""
        order = list(self.rows.by_name)
        return sorted(grids(self.studies), key=lambda grid: order.index(grid.model))

    def size_warnings(self) -> list[str]:
        """Why figures will mean little: by the clips that classes were tested on, where they were."""
        tested = [table for table in self.classes.values() if not table.empty]
        clips: dict[str, int] = {}
        for table in (self.folds, *tested):
            clips |= dict(zip(table["name"], table["clips"], strict=True))
        return size_warnings(clips, self.n_segments)

    def warnings(self) -> list[str]:
        """What a reader must know before the figures, as Markdown: `size_warnings`, and encoders that know too much."""
        facts = self.facts
        models = {"audio encoder": facts.audio_encoder, "text encoder": facts.text_encoder}
        if any(name == CLAP for name, _ in self.results):
            models["row"] = f"baseline:{self.rows.title(CLAP)}"
        told = seen_label_warnings(facts.corpus, models, facts.architectures)
        return [*map(escaped, self.size_warnings()), *told]

    def plot_tables(self) -> dict[str, pd.DataFrame]:
        """The data of the charts, by the names of `zsaudio.report.charts.CHARTS`; a row is named as in params.yaml.

        Without the rows of the ablation, which are too many to be told apart in a chart.
        """
        plots = {
            "intervals": interval_rows(self.results, self.resamples),
            "training": mean_over_runs(collect(self.curves), ["epoch"]),
            "gamma": mean_over_runs(collect(self.by_gamma), ["gamma"]),
            "threshold": mean_over_runs(collect(self.by_threshold), ["threshold"]),
            "classes": collect(self.classes),
            "sensitivity": self._sensitivity(),
            "localise": mean_over_runs(collect(self.localised.summaries), ["group", "subset", "by"]),
        }
        steps = self.rows.of_table("ablation")
        return {name: plot if plot.empty else plot[~plot["model"].isin(steps)] for name, plot in plots.items()}

    def _sensitivity(self) -> pd.DataFrame:
        """Rows of the charts of studies: study, variant (the value, in words), model, setting and the metrics."""
        studies = self.comparable_studies()
        studies = studies[studies["model"].map(self.rows.trained)] if not studies.empty else studies
        if studies.empty:
            return studies
        own = studies["value"] == studies["study"].map(self.value_in_tables)
        variant = studies["value"] + own.map({True: " (tables)", False: ""})
        return studies[["study", "model", "setting", "micro_f1", "macro_f1", "map"]].assign(variant=variant)

    def comparable_studies(self) -> pd.DataFrame:
        """Rows of the studies in those settings that all values of a study and model have, so that means compare.

        Without the grids (`zsaudio.report.tuning`), whose values are judged on the validation folds.
        """
        studies = self.studies[~self.studies["study"].map(is_grid)] if not self.studies.empty else self.studies
        values = studies.groupby(["study", "model"])["value"].transform("nunique")
        return studies[studies.groupby(["study", "model", "setting"])["value"].transform("nunique") == values]

    def value_in_tables(self, study: str) -> str:
        """The value of a study's param, or of its several, that the tables have."""
        return ", ".join(canonical(self.facts.params.get(param, "?")) for param in study.split(", "))
