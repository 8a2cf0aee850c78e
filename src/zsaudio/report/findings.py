"""What the report tells, put together from the results of all cells and studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from zsaudio import paper
from zsaudio.report.charts import chart_figure, study_figures
from zsaudio.report.located import Located, plot_table
from zsaudio.report.page import Figure
from zsaudio.report.results import (
    Facts,
    Missing,
    Resamples,
    Results,
    collect,
    interval_rows,
    mean_over_runs,
)
from zsaudio.report.scale import rate_curves, rate_rows, share_sentences
from zsaudio.report.studies import (
    Study,
    gamma_sentences,
    plot_rows,
    study_results,
    study_sentence,
    threshold_sentences,
)

LEARNING_RATE = "train.lr"

Cells = Mapping[tuple[str, str], pd.DataFrame]


@dataclass(frozen=True)
class Evidence:
    """What the stages have left, by (model, setting) where `Cells`; each of the schema of its name.

    Attributes:
        results, resamples: metrics of the runs, and on resamples of the test clips.
        curves, by_gamma, by_threshold, classes: of training, and of evaluation.
        located: where attention looks.
        studies: of sensitivity.
        segments: T of the corpus.
        folds, decisions: of the classes.
        missing: why a (model, setting), or a part of it, is not there.
        missing_studies: the same of studies, by name.
        facts: how the numbers came about.
    """

    results: Results
    resamples: Resamples
    curves: Cells
    by_gamma: Cells
    by_threshold: Cells
    classes: Cells
    located: Located
    studies: Sequence[Study]
    segments: int
    folds: pd.DataFrame
    decisions: pd.DataFrame
    missing: Missing
    missing_studies: Mapping[str, str]
    facts: Facts

    def study_tables(self) -> dict[str, pd.DataFrame]:
        """Results of each study beside the tables' own."""
        return {study.name: study_results(study, self.results, self.facts.gamma) for study in self.studies}


@dataclass(frozen=True)
class Findings:
    """What the page tells beyond the evidence itself.

    Attributes:
        classes: `zsaudio.storage.schemas.CLASS_RESULTS` of all cells below one another, with the columns model and setting.
        charts: figures by the names of `zsaudio.report.charts.CHARTS`; those without data are left out.
        studies: figures of the studies of sensitivity.
        rates: of `zsaudio.report.scale.rate_rows`; None where no study varies the learning rate.
        shares: what comes of attention and what of the size of the scores, a sentence for each metric.
        sensitivity: a sentence for each choice that the results may depend on.
    """

    classes: pd.DataFrame
    charts: Mapping[str, Figure]
    studies: Sequence[Figure]
    rates: pd.DataFrame | None
    shares: Sequence[str]
    sensitivity: Sequence[str]


def plot_tables(evidence: Evidence) -> dict[str, pd.DataFrame]:
    """The data of the charts, by the tables' names in `zsaudio.report.charts.CHARTS`, as DVC's page draws them."""
    of_study = evidence.study_tables()
    sensitivity = [plot_rows(study, of_study[study.name]) for study in evidence.studies]
    rates = [
        rate_curves(study, evidence.curves, evidence.segments)
        for study in evidence.studies
        if study.param == LEARNING_RATE
    ]
    return {
        "intervals": interval_rows(evidence.results, evidence.resamples),
        "training": mean_over_runs(collect(evidence.curves), ["epoch"]),
        "gamma": mean_over_runs(collect(evidence.by_gamma), ["gamma"]),
        "threshold": mean_over_runs(collect(evidence.by_threshold), ["threshold"]),
        "classes": collect(evidence.classes),
        "sensitivity": pd.concat(sensitivity, ignore_index=True) if sensitivity else pd.DataFrame(),
        "learning_rate": pd.concat(rates, ignore_index=True) if rates else pd.DataFrame(),
        "localise": plot_table(evidence.located),
    }


def find(
    evidence: Evidence,
    plots: Mapping[str, pd.DataFrame],
    specs: Mapping[str, Mapping[str, Any]],
    templates: Mapping[str, Mapping[str, Any]],
) -> Findings:
    """Charts and sentences.

    Args:
        evidence: what the stages have left.
        plots: of `plot_tables`.
        specs: of `zsaudio.report.charts.chart_specs`.
        templates: Vega-Lite with placeholders, by the names of `zsaudio.report.charts.CHARTS`.
    """
    of_study = evidence.study_tables()
    rates = None
    for study in evidence.studies:
        if study.param == LEARNING_RATE:
            rates = rate_rows(study, of_study[study.name], evidence.segments)
    sensitivity = [study_sentence(study, of_study[study.name]) for study in evidence.studies]
    sensitivity += gamma_sentences(plots["gamma"])
    if evidence.facts.threshold == "validation":
        sensitivity += threshold_sentences(plots["threshold"], evidence.results, paper.THRESHOLD)
    params = {study.name: study.param for study in evidence.studies}
    return Findings(
        classes=plots["classes"],
        charts={name: chart_figure(name, spec, plots) for name, spec in specs.items() if name != "sensitivity"},
        studies=list(study_figures(templates["sensitivity"], plots["sensitivity"], params).values()),
        rates=rates,
        shares=share_sentences(evidence.results, evidence.resamples),
        sensitivity=sensitivity,
    )
