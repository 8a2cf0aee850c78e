"""Bootstrap: the numbers of drawing seeds, classes and clips one after another, paired between models."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from zsaudio.evaluation.bootstrap import bootstrap, resampled_precision
from zsaudio.evaluation.metrics import average_precision
from zsaudio.evaluation.runs import RunResult, Threshold, evaluate
from zsaudio.evaluation.scored_clips import ScoredClips
from zsaudio.evaluation.spread import METRICS, SOURCES, draw, interval
from zsaudio.tasks.task import Classes, Clips, Examples

CLASSES = Classes(np.arange(4), list("abcd"), list("ABCD"))
THREADS = 2


def random_scores(n: int, runs: int = 1, parts: int = 1, seed: int = 0, signal: float = 1.0) -> ScoredClips:
    """Scores of `runs` models for the same n clips, which a cross-validation deals into parts."""
    rng = np.random.default_rng(seed)
    carried = rng.random((n, 4)) < 0.25
    run = np.repeat(np.arange(runs), n)
    clip = np.concatenate([rng.permutation(n) if parts > 1 else np.arange(n) for _ in range(runs)])
    scores = (rng.standard_normal((n * runs, 4)) + signal * carried[clip]).astype(np.float32)
    clips = Clips(np.array([f"clip{i}" for i in range(n)], object), np.full((n, 1), -1))
    return ScoredClips(Examples("fold1", CLASSES, clips), run, clip % parts, clip, carried[clip], scores)


def measure(test: ScoredClips, threshold: Threshold = "validation") -> list[RunResult]:
    return evaluate(test, test, None, threshold, THREADS)


def test_a_resample_draws_one_less_than_there_are():
    draws = draw(50, 20, "fold1")
    assert draws.shape == (50, 20)
    assert (draws.sum(axis=0) == 49).all()
    assert np.array_equal(draws, draw(50, 20, "fold1"))
    assert not np.array_equal(draws, draw(50, 20, "fold2"))
    assert draw(1, 3, "seeds").tolist() == [[1, 1, 1]]


@given(st.integers(2, 12), st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_the_variance_of_a_mean_is_the_unbiased_one(n, seed):
    """With n draws of n it would be (n - 1) / n of it: a third too little for three seeds."""
    values = np.random.default_rng(seed).standard_normal(n)
    draws = draw(n, 20_000, "seeds").astype(float)
    means = values @ draws / draws.sum(axis=0)
    assert means.var() == pytest.approx(values.var(ddof=1) / n, rel=0.1)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("parts", [1, 3])
def test_metrics_are_those_of_what_was_drawn(source, parts):
    test = random_scores(60, runs=3, parts=parts)
    results = measure(test)
    resampled = bootstrap(test, None, results, 5, THREADS)[source]
    drawn = {"seeds": draw(3, 5, "seeds"), "classes": draw(4, 5, "classes of fold1"), "clips": draw(60, 5, "fold1")}
    used = {name: of if name in SOURCES[source] else np.ones_like(of) for name, of in drawn.items()}
    frequent = test.carried.sum(axis=0).argmax()
    expected = {name: [] for name in ("micro_f1", "micro_f1_rest", "macro_f1")}
    for b in range(5):
        classes = np.repeat(np.arange(4), used["classes"][:, b])
        of_runs = {name: [] for name in expected}
        for result in results:
            of_run = np.flatnonzero(test.run == result.run)
            rows = np.repeat(of_run, used["clips"][test.clip[of_run], b])
            predicted = test.score[rows] > np.array(result.thresholds)[test.part[rows], None]
            for name, columns in (("micro_f1", classes), ("micro_f1_rest", classes[classes != frequent])):
                truth, decided = test.carried[rows][:, columns].ravel(), predicted[:, columns].ravel()
                of_runs[name].append(f1_score(truth, decided, zero_division=0))
            each = f1_score(test.carried[rows], predicted, average=None, zero_division=0)
            of_runs["macro_f1"].append(each[classes].mean())
        for name, values in of_runs.items():
            expected[name].append(np.average(values, weights=used["seeds"][:, b]))
    for name, values in expected.items():
        assert resampled[name] == pytest.approx(np.array(values), abs=1e-6)


def test_mean_average_precision_is_that_of_the_drawn_seeds_and_classes():
    test = random_scores(60, runs=3)
    results = measure(test)
    resampled = bootstrap(test, None, results, 8, THREADS)
    precisions = np.array([result.class_precision for result in results])  # (R, C)
    seeds, classes = draw(3, 8, "seeds").astype(float), draw(4, 8, "classes of fold1").astype(float)
    for source, values in (
        ("seeds", precisions.mean(axis=1) @ seeds / seeds.sum(axis=0)),
        ("classes", precisions.mean(axis=0) @ classes / classes.sum(axis=0)),
    ):
        assert resampled[source]["map"] - resampled[source]["map"].mean() == pytest.approx(
            values - values.mean(), abs=1e-6
        )


def test_all_sources_together_vary_at_least_as_much_as_they_do_one_by_one():
    """More where a class in a clip is what varies: that is drawn with the classes and with the clips."""
    test = random_scores(200, runs=6, signal=0.5)
    variances = {source: of["map"].var() for source, of in bootstrap(test, None, measure(test), 2000, THREADS).items()}
    alone = sum(variances[source] for source in ("seeds", "classes", "clips"))
    assert 0.9 * alone < variances["all"] < 3 * alone


@given(st.integers(0, 2**31), st.booleans())
@settings(max_examples=40, deadline=None)
def test_drawing_each_clip_once_gives_the_average_precision_of_the_data(seed, ties):
    rng = np.random.default_rng(seed)
    scores = rng.standard_normal((30, 3)).astype(np.float32)
    scores = scores.round() if ties else scores
    labels = rng.random((30, 3)) < 0.2
    labels[:, 2] = False
    once = np.ones((30, 3), np.uint8)
    expected = np.stack([average_precision(scores, labels)] * 3, axis=1)
    assert resampled_precision(scores, labels, once) == pytest.approx(expected, nan_ok=True)


def test_average_precision_by_hand():
    scores = np.array([[4.0], [3.0], [2.0], [1.0]], np.float32)
    labels = np.array([[True], [False], [True], [False]])
    drawn = np.array([[2, 0, 1], [1, 1, 0], [1, 0, 0], [0, 3, 3]], np.uint8)
    # Drawn 2, 1, 1, 0 times: the first positive stands at 1 of 1, its copy does not count; the second has three hits
    # (two copies and itself) among four clips. (2 x 1 + 1 x 3/4) / 3.
    expected = [(2 + 3 / 4) / 3, np.nan, 1.0]
    assert resampled_precision(scores, labels, drawn)[0] == pytest.approx(expected, nan_ok=True)


@given(st.integers(0, 2**31), st.integers(1, 12), st.booleans())
@settings(max_examples=60, deadline=None)
def test_average_precision_clip_by_clip(seed, positives, ties):
    rng = np.random.default_rng(seed)
    scores = rng.standard_normal(12).astype(np.float32)
    scores = scores.round() if ties else scores
    labels = np.arange(12) < positives
    drawn = rng.integers(0, 4, (12, 5)).astype(np.uint8)
    expected = []
    for of_clip in drawn.T.astype(float):
        total = 0.0
        for clip in range(positives):
            above = of_clip * (scores >= scores[clip])
            others, better = above[:positives].sum() - of_clip[clip], above.sum() - of_clip[clip]
            total += of_clip[clip] * (others + 1) / (better + 1)
        copies = of_clip[:positives].sum()
        expected.append(total / copies if copies else np.nan)
    precision = resampled_precision(scores[:, None], labels[:, None], drawn)
    assert precision[0] == pytest.approx(expected, nan_ok=True, rel=1e-5)


def test_more_clips_than_16_bits_count():
    draws = draw(70_000, 1, "fold1")
    labels = np.ones((70_000, 1), bool)
    scores = np.arange(70_000, dtype=np.float32)[:, None]
    assert resampled_precision(scores, labels, draws)[0, 0] == pytest.approx(1.0)  # every clip is a positive


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_threads_change_nothing(threads):
    test = random_scores(60, runs=2)
    results = measure(test)
    alone, together = (bootstrap(test, None, results, 20, n) for n in (1, threads))
    for source in SOURCES:
        for name in METRICS:
            assert np.array_equal(alone[source][name], together[source][name])
    draws = draw(60, 20, "fold1")
    precisions = [resampled_precision(test.score[:60], test.carried[:60], draws, n) for n in (1, threads)]
    assert np.array_equal(*precisions)


def test_copies_of_a_clip_do_not_confirm_each_other():
    """If they did, they would raise average precision by a twentieth here."""
    test = random_scores(200, signal=0.3)
    resampled = resampled_precision(test.score, test.carried, draw(200, 400, "fold1"))
    assert resampled.mean() == pytest.approx(np.mean(average_precision(test.score, test.carried)), rel=0.01)


@pytest.mark.parametrize("parts", [1, 3])
def test_the_interval_holds_the_value_of_the_data(parts):
    """Also where a class has three or four clips in a part, and resampling alone would raise average precision."""
    test = random_scores(60, runs=2, parts=parts, signal=1.5)
    results = measure(test, 1.0)
    resampled = bootstrap(test, None, results, 200, THREADS)["all"]
    for name in METRICS:
        value = np.mean([getattr(result, name) for result in results])
        low, high = interval(resampled[name])
        assert low < value < high
    assert resampled["map"].mean() == pytest.approx(np.mean([result.map for result in results]))


def test_a_better_model_is_better_in_every_resample_of_the_same_clips():
    weak, strong = (random_scores(150, signal=signal) for signal in (1.0, 1.5))
    by_model = [bootstrap(test, None, measure(test), 200, THREADS)["all"]["map"] for test in (weak, strong)]
    paired, alone = (by_model[1] - by_model[0]).std(), np.hypot(by_model[0].std(), by_model[1].std())
    assert (by_model[1] > by_model[0]).mean() > 0.99
    assert paired < 0.6 * alone


def test_the_order_of_the_clips_does_not_matter():
    """A cross-validation has its clips in another order, and is measured on the same resamples all the same."""
    test = random_scores(80, runs=2)
    order = np.random.default_rng(1).permutation(80)
    rows = np.concatenate([order, order + 80])
    shuffled = ScoredClips(
        test.examples, test.run[rows], test.part[rows], test.clip[rows], test.carried[rows], test.score[rows]
    )
    resampled = [bootstrap(scored, None, measure(scored, 1.0), 20, THREADS)["all"] for scored in (test, shuffled)]
    for name in METRICS:
        assert resampled[0][name] == pytest.approx(resampled[1][name])


def test_gamma_decides_what_is_resampled():
    test = random_scores(60)
    noise = np.random.default_rng(2).standard_normal(test.score.shape).astype(np.float32)
    mixed = ScoredClips(test.examples, test.run, test.part, test.clip, test.carried, test.score, uniform=noise)
    results = measure(test)
    of_score = bootstrap(test, None, results, 20, THREADS)["all"]
    for name in METRICS:
        assert np.array_equal(bootstrap(mixed, 1.0, results, 20, THREADS)["all"][name], of_score[name])
    of_noise = bootstrap(mixed, 0.0, results, 20, THREADS)["all"]
    assert not np.array_equal(of_noise["micro_f1"], of_score["micro_f1"])
