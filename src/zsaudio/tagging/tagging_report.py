"""The report of tagging: Tables I and II beside the paper's, what is sure of them, and where attention looks."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from zsaudio.report.drawing import inline_svg
from zsaudio.report.markdown import escaped
from zsaudio.report.page import Block, Figure, Page, Points, Section
from zsaudio.tagging.tagging_chart import heat_spec
from zsaudio.tagging.tagging_paper import PUBLISHED
from zsaudio.tagging.tagging_tables import (
    SETTINGS,
    TaggingEvidence,
    attention_pointing,
    localisation_tables,
    of_paper,
    pair_table,
    share_tables,
    table1,
    table2,
    training_table,
)
from zsaudio.tagging.trial_pairs import LEVEL, TaggedRow, TrialPair, compare

WEAK = (
    ("attention", "no_attention"),  # attention alone hurts on balanced AudioSet,
    ("self_supervised_attention", "attention"),  # self-supervision mends it,
    ("self_supervised_attention", "no_attention"),  # and is best
)
STRONG = (
    ("attention", "no_attention"),
    ("strong_attention", "attention"),
    ("self_supervised_attention", "attention"),
    ("strong_attention", "self_supervised_attention"),  # "almost on-par"
    ("no_attention_strong", "no_attention"),  # "no benefit"
    ("combined_attention", "self_supervised_attention"),  # ours; the paper proposes the combination
)
PAIRS = [
    *((TaggedRow(first, "weak"), TaggedRow(second, "weak")) for first, second in WEAK),
    *((TaggedRow(first, "strong"), TaggedRow(second, "strong")) for first, second in STRONG),
    *((TaggedRow(first, "transfer"), TaggedRow(second, "transfer")) for first, second in STRONG),
    *((TaggedRow(row, "transfer"), TaggedRow(row, "strong")) for row in PUBLISHED["transfer"]),  # two steps against one
]
ABOUT = "attention that is supervised, by itself or by strong labels"
PICTURED = ("attention", "self_supervised_attention", "strong_attention")


def tagging_page(evidence: TaggingEvidence) -> Page:
    """The report as a page."""
    compared = compare(PAIRS, evidence.runs, evidence.resampled)
    sections = [
        Section("short", "In short", blocks=[Points([*_findings(compared, evidence), *_looks(evidence)])]),
        Section("weak", "Weak labels (Table II)", _counts(evidence, "weak"), [table2(evidence)]),
        Section("strong", "Strong labels (Table I)", _counts(evidence, "strong"), [table1(evidence)]),
        Section("share", "Fewer strong labels", blocks=share_tables(evidence)),
        Section("differences", "Differences", _DIFFERENCES, [pair_table(compared, evidence)]),
        Section("where", "Where a sound is", _WHERE, localisation_tables(evidence)),
        Section("figure5", "Attention in one clip (Figure 5)", blocks=_figures(evidence)),
        Section("training", "Training", blocks=[training_table(evidence)]),
        Section("how", "How the numbers came about", blocks=[Points([*evidence.told, *_NOTES])]),
    ]
    intro = f"After Kim and Ghaffarzadegan (2019): {ABOUT}."
    shown = [section for section in sections if section.blocks]
    return Page(f"Tagging on {evidence.corpus}", intro, shown)


def _counts(evidence: TaggingEvidence, setting: str) -> list[str]:
    cells = [values for (_, of_setting), values in evidence.metrics.items() if of_setting == setting]
    if not cells:
        return []
    first = cells[0]
    without = int(first["classes_without_clips"])
    missing = f" {without} classes have no test clip and are left out of the mean." if without else ""
    trials, classes, clips = (int(first[name]) for name in ("trials", "classes", "clips"))
    return [f"{trials} trials of each row, {classes} classes, {clips:,} test clips.{missing}"]


def _findings(compared: Sequence[TrialPair], evidence: TaggingEvidence) -> list[str]:
    """What is found of the rows within a setting; two-step against one-step is left to the table of differences."""
    points = []
    for pair in compared:
        if pair.first.setting == pair.second.setting != "transfer":
            first, second = (f"**{escaped(evidence.titles[cell.row])}**" for cell in (pair.first, pair.second))
            bounds = f"[{100 * pair.low:+.2f}, {100 * pair.high:+.2f}]"
            found = f"{100 * pair.difference:+.2f} % mAP {bounds}, p {pair.told_p}, {pair.verdict}"
            theirs = of_paper(pair) if evidence.published else None
            beside = f" The paper has {theirs}." if theirs else ""
            points.append(f"{first} against {second}, {SETTINGS[pair.first.setting]}: {found}.{beside}")
    return points


def _looks(evidence: TaggingEvidence) -> list[str]:
    """How often attention points to an event, by setting."""
    points = []
    for setting in ("weak", "strong_half", "strong"):
        pointing = attention_pointing(evidence, setting)
        if len(pointing) > 1:
            shares = ", ".join(f"{share:.1f} % ({escaped(title)})" for title, share in pointing.items())
            points.append(f"The second with the highest attention lies in an event, {SETTINGS[setting]}: {shares}.")
    return points


def _figures(evidence: TaggingEvidence) -> list[Block]:
    for setting in ("weak", "strong_half", "strong"):
        shown = {name: evidence.figure5[name, setting] for name in PICTURED if (name, setting) in evidence.figure5}
        shown = {name: frame for name, frame in shown.items() if not frame.empty}
        if len(shown) > 1:
            clip = str(next(iter(shown.values()))["clip_id"].iloc[0])
            of_clip = evidence.events[setting][evidence.events[setting]["clip_id"] == clip]
            panels = [
                inline_svg(heat_spec(frame, _named(of_clip, frame), evidence.titles[name]))
                for name, frame in shown.items()
            ]
            titles = ", ".join(evidence.titles[name] for name in shown)
            alt = f"Attention of {titles} in the clip {clip}, a row for each class and a cell for each second."
            caption = (
                f"Attention of the first trial in the clip {escaped(clip)} ({SETTINGS[setting]}): classes with "
                "events (red), and those that are predicted most."
            )
            return [Figure("figure5", panels, alt, caption)]
    return []


def _named(events: pd.DataFrame, frame: pd.DataFrame) -> list[tuple[str, float, float]]:
    """Class, onset and offset of the events whose classes are shown."""
    names = dict(zip(frame["mid"], frame["name"], strict=True))
    shown = events[events["mid"].isin(names)]
    return [(names[mid], onset, offset) for mid, onset, offset in shown[["mid", "onset", "offset"]].itertuples(False)]


_DIFFERENCES = (
    "**above** and **below** need both: the Wilcoxon signed-rank test over the trials, paired by their seeds, has p < "
    f"{LEVEL} after Holm's correction for all pairs, and the 95 % interval over the test clips excludes 0.",
)
_WHERE = (
    "Pairs of a clip and a class with an event in it. No clip was used to train or validate the row. Only pairs count "
    "that a random second hits in less than 90 %. Pointing: does the second with the highest value overlap an event? "
    "Segment AP: average precision over the seconds of all clips.",
)
_NOTES = (
    "**Cross-entropy.** The paper prints labels and predictions the other way round, in which the logarithm of a label "
    "of 0 is infinite. We take the usual one.",
    "**X^b.** The paper does not say how L8-b is activated. Ours is a sigmoid, like L8-a, so A = X^b / sum X^b is "
    "positive.",
    "**Embeddings.** The paper fine-tunes VGGish from its fourth layer on. We keep its embeddings (after PCA, 8 bits), "
    "and train only what comes behind them: hidden layers, L8-a and L8-b.",
    "**Segments.** Ours last a second; those of the paper's network are shorter.",
    "**Losses.** L_att is summed over classes and segments, as printed. The loss of segments without attention (rows 2 "
    "and 3 of Table I) is the mean over the segments.",
    "**Strongly labelled clips.** A training clip with strong labels carries the classes of its events and no other; a "
    "clip without events is not trained on. The paper validates on clips of Unbal-train, which are not among the "
    "released embeddings of the balanced subsets; we validate on clips of Bal-train.",
    "**Two-step transfer** begins with the hidden layers of taggers that learnt from no clip that validates or tests "
    "here.",
    "**Epochs.** The best of 50 by validation mAP, as in the paper, but training stops after `patience` epochs without "
    "a better mean over the trials. The paper's learning rate for SL-DCASE-17 is 0.0001.",
)
