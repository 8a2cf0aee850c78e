"""F1 at many thresholds, average precision and the threshold search, against scikit-learn in a loop."""

from __future__ import annotations

import numpy as np
from measure import seconds
from sklearn.metrics import average_precision_score, f1_score, precision_recall_curve
from synthesised import Corpus

from zsaudio.evaluation.metrics import average_precision, best_threshold, count, f1_by_threshold, micro_f1
from zsaudio.evaluation.scored_clips import read_scores
from zsaudio.tasks.build import build_task
from zsaudio.tasks.corpus_tables import read_folds

THRESHOLDS = 61  # of the curve in the report


def scores_and_labels(corpus: Corpus) -> tuple[np.ndarray, np.ndarray]:
    """Of one run of temporal attention on the test fold of setting 1."""
    path = corpus.data / "scores/temporal_attention/setting1/test.feather"
    if not path.exists():
        labels = corpus.setting("setting1")[2].examples.carried()
        noise = np.random.default_rng(0).standard_normal(labels.shape)
        return (noise + labels).astype(np.float32), labels
    scores = read_scores(path, build_task("zero_shot", "setting1", *read_folds(corpus.data)).test, {0})
    run = scores.run == 0
    return scores.tested(0.5)[run], scores.carried[run]


def thresholds_of(scores: np.ndarray) -> np.ndarray:
    return np.linspace(*np.quantile(scores, [0.5, 0.9999]), THRESHOLDS)


def ours(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Micro and macro F1 at each threshold, average precision of each class, best micro F1."""
    micro, macro = f1_by_threshold(scores, labels, thresholds_of(scores))
    best = micro_f1(count(scores > best_threshold(scores, labels), labels))
    return micro, macro, average_precision(scores, labels), best


def sklearns(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    predictions = [scores > threshold for threshold in thresholds_of(scores)]
    micro = np.array([f1_score(labels, predicted, average="micro", zero_division=0) for predicted in predictions])
    macro = np.array([f1_score(labels, predicted, average="macro", zero_division=0) for predicted in predictions])
    of_class = np.array([average_precision_score(labels[:, c], scores[:, c]) for c in range(labels.shape[1])])
    precision, recall, _ = precision_recall_curve(labels.ravel(), scores.ravel())
    return micro, macro, of_class, float((2 * precision * recall / np.maximum(precision + recall, 1e-30)).max())


def growth(corpus: Corpus, fractions: tuple[float, ...]) -> list[float]:
    """Seconds with so many times the clips; beyond one, the same clips with other scores."""
    scores, labels = scores_and_labels(corpus)
    noise = np.random.default_rng(0).standard_normal(scores.shape, np.float32)
    scores, labels = np.concatenate([scores, scores + 1e-3 * noise]), np.concatenate([labels, labels])
    taken = []
    for fraction in fractions:
        n = round(len(scores) / 2 * fraction)
        taken.append(min(seconds(lambda n=n: ours(scores[:n], labels[:n])) for _ in range(3)))
    return taken


def largest_difference(scores: np.ndarray, labels: np.ndarray) -> float:
    pairs = zip(ours(scores, labels), sklearns(scores, labels), strict=True)
    return max(float(np.max(np.abs(np.subtract(a, b)))) for a, b in pairs)
