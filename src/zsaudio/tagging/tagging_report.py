"""The report of tagging: Tables I and II beside the paper's, what is sure of them, and where attention looks."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from zsaudio.report.drawing import inline_svg
from zsaudio.report.markdown import escaped
from zsaudio.report.page import Block, Figure, Page, Points, Section, Table
from zsaudio.tagging.tagging_chart import heat_spec
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

# What the paper says of pairs of rows, by setting.
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
)
CLAIMS = {"weak": WEAK, "strong": STRONG, "transfer": STRONG}
ABOUT = (
    "attention that is trained with strong labels, or with pseudo-strong labels of the model itself (self-supervised)"
)


def compared_pairs(cells: Collection[tuple[str, str]]) -> list[tuple[TaggedRow, TaggedRow]]:
    """What is compared: the paper's claims, any other row with `attention`, and two-step with one-step transfer."""
    pairs = []
    for setting, claims in CLAIMS.items():
        rows = [row for row, of in cells if of == setting]
        others = [row for row in rows if not any(row in claim for claim in claims)]
        named = [*claims, *((row, "attention") for row in others)]
        pairs += [(TaggedRow(first, setting), TaggedRow(second, setting)) for first, second in named]
    pairs += [(TaggedRow(row, "transfer"), TaggedRow(row, "strong")) for row, of in cells if of == "transfer"]
    return [(first, second) for first, second in pairs if first in cells and second in cells]


def tagging_page(evidence: TaggingEvidence) -> Page:
    """The report as a page."""
    compared = compare(compared_pairs(evidence.runs), evidence.runs, evidence.resampled)
    sections = [
        Section("short", "In short", blocks=[Points([*_findings(compared, evidence), *_looks(evidence)])]),
        Section("weak", "Weak labels (Table II)", _counts(evidence, "weak"), _any(table2(evidence))),
        Section("strong", "Strong labels (Table I)", _counts(evidence, "strong"), _any(table1(evidence))),
        Section("share", "Fewer training clips", blocks=share_tables(evidence)),
        Section("differences", "Differences", _DIFFERENCES, [pair_table(compared, evidence)]),
        Section("where", "Where a sound is", _WHERE, localisation_tables(evidence)),
        Section("figure5", "Attention in one clip (Figure 5)", blocks=_figures(evidence)),
        Section("training", "Training", blocks=[training_table(evidence)]),
        Section("how", "How the numbers came about", blocks=[Points([*_splits(evidence), *evidence.told, *_NOTES])]),
    ]
    intro = f"After Kim and Ghaffarzadegan (2019): {ABOUT}."
    shown = [section for section in sections if section.blocks]
    return Page(f"Tagging on {evidence.corpus}", intro, shown)


def _any(table: Table) -> list[Block]:
    return [table] if table.rows else []


def _splits(evidence: TaggingEvidence) -> list[str]:
    titles = {"weak": "Weak labels", "strong": "Strong labels"}
    return [f"**{titles[kind]}.** {escaped('; '.join(notes))}." for kind, notes in evidence.notes.items()]


def _counts(evidence: TaggingEvidence, setting: str) -> list[str]:
    cells = [values for (_, of_setting), values in evidence.metrics.items() if of_setting == setting]
    if not cells:
        return []
    first = cells[0]
    without = int(first["classes_without_clips"])
    missing = (
        f" {without} classes have no test clip: they are left out of mAP, and count as 0 in macro F1."
        if without
        else ""
    )
    trials, classes, clips = (int(first[name]) for name in ("trials", "classes", "clips"))
    return [f"{trials} trials of each row, {classes} classes, {clips:,} test clips.{missing}"]


def _findings(compared: Sequence[TrialPair], evidence: TaggingEvidence) -> list[str]:
    """The paper's claims on Table II and one-step transfer; the table of differences has the others."""
    points = []
    for pair in compared:
        setting = pair.first.setting
        if pair.within and setting != "transfer" and (pair.first.row, pair.second.row) in CLAIMS[setting]:
            first, second = (f"**{escaped(evidence.titles[cell.row])}**" for cell in (pair.first, pair.second))
            bounds = f"[{100 * pair.low:+.2f}, {100 * pair.high:+.2f}]"
            found = f"{100 * pair.difference:+.2f} points of mAP {bounds}, p {pair.formatted_p}: {pair.verdict}"
            theirs = of_paper(pair) if evidence.published else None
            beside = f" The paper has {theirs}." if theirs else ""
            points.append(f"{first} against {second}, {SETTINGS[setting]}: {found}.{beside}")
    return points


def _looks(evidence: TaggingEvidence) -> list[str]:
    """How often attention points to an event, by setting."""
    points = []
    for setting, title in SETTINGS.items():
        pointing = attention_pointing(evidence, setting)
        if len(pointing) > 1:
            shares = ", ".join(f"{share:.1f} % ({escaped(row)})" for row, share in pointing.items())
            points.append(f"Pointing accuracy of attention, {title}: {shares}.")
    return points


def _figures(evidence: TaggingEvidence) -> list[Block]:
    for setting, title in SETTINGS.items():
        frames = {name: frame for (name, of), frame in evidence.figure5.items() if of == setting}
        shown = {name: frame for name, frame in frames.items() if not frame.empty}
        if len(shown) > 1:
            clip = str(next(iter(shown.values()))["clip_id"].iloc[0])
            of_clip = evidence.events[setting][evidence.events[setting]["clip_id"] == clip]
            highest = max(float(frame["attention"].max()) for frame in shown.values())
            panels = [
                inline_svg(heat_spec(frame, _named(of_clip, frame), evidence.titles[name], highest))
                for name, frame in shown.items()
            ]
            titles = ", ".join(evidence.titles[name] for name in shown)
            alt = f"Attention of {titles} in the clip {clip}, a row for each class and a cell for each second."
            caption = (
                f"Attention of the first trial in the clip {escaped(clip)} ({title}): classes with events, and those "
                "that are predicted most. Red: the events, by strong labels."
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
    f"{LEVEL} after Holm's correction for all pairs, and the 95 % interval over the test clips, which is not "
    "corrected, excludes 0. All trials share one split, so the test is of first weights and the order of the clips.",
)
_WHERE = (
    "Pairs of a clip and a class with an event in it. No clip was used to train or validate the row. Pairs whose "
    "events cover 90 % or more of the segments are left out. Pointing: the share of pairs whose highest segment "
    "overlaps an event. Segment AP: average precision over the segments of a class's pairs, averaged over the classes. "
    "mAP is that of the test clips, which need not be these.",
)
_NOTES = (
    "**Cross-entropy.** The paper's formula swaps labels and predictions, so that log 0 occurs. We use the standard "
    "one.",
    "**Equation 1.** It prints the set of entire classes; we take the classes of the clip, as the text does. The "
    "threshold is one for each clip.",
    "**X^b.** The paper does not say how L8-b is activated. We use a sigmoid, as for L8-a, so that A = X^b / sum X^b "
    "is positive.",
    "**Embeddings.** The paper fine-tunes VGGish from its fourth layer on. We keep its embeddings (after PCA, 8 bits), "
    "and train only the layers on top: hidden layers, L8-a and L8-b.",
    "**Segments.** Ours last a second; those of the paper's network are shorter.",
    "**Losses.** L_att is summed over classes and segments, as printed. With strong and pseudo-strong labels there are "
    "two, each with the weight alpha. The loss of segments without attention (rows 2 and 3 of Table I) is the mean "
    "over the segments.",
    "**Clips with strong labels.** In Table I a training clip has the classes of its events; weak labels are ignored, "
    "and a clip without events is not trained on. Validation and test clips have weak labels. The paper validates on "
    "clips of Unbal-train; this project reads the embeddings of Bal-train and Eval, so we validate on Bal-train.",
    "**Two-step transfer.** Trial r starts from the hidden layers of trial r of `no_attention`, which was pre-trained "
    "on all classes without the clips that validate or test Table I. The paper takes the best model, and pre-trains on "
    "clips of the 17 classes that we validate on.",
    "**Learning rate.** The paper has 0.001 for Table II and 0.0001 for Table I; we have `lr` for both.",
    "**Epochs.** The best of 50 by validation mAP, as in the paper, but training stops after `patience` epochs without "
    "a better mean over the trials, of mAP or of the loss.",
    "**F1.** A class is predicted where its score is above the threshold that is best for micro F1 on the validation "
    "clips (`threshold`), one for each trial.",
)
