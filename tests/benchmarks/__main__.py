"""All benchmarks, side by side on this machine: a table to read, and JSON.

    make bench
    python tests/benchmarks [--project FOLDER] [--only NAME ...] [--threads N] [--json FILE]

Ratios are of times of one run. On a project whose audioset is finished they are of the real data; else of data of the
same sizes, and of the corpus that was run last.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import archive
import commands
import embeddings
import metrics
import split
import taggers
import torch
import whole
from measure import FRACTIONS, Row, alternate, exponent, in_process
from synthesised import Corpus

import training

ROOT = Path(__file__).parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--project", type=Path, default=ROOT)
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS))
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--json", type=Path, default=ROOT / "metrics/bench.json")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    project = arguments.project.resolve()
    corpus = Corpus(project)
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    results: dict[str, Any] = {"machine": machine(arguments.threads), "data": corpus.name, "rows": {}}
    if len(arguments.only) < len(BENCHMARKS) and arguments.json.exists():  # the other parts stay as they were measured
        earlier = json.loads(arguments.json.read_text())
        if all(earlier[name] == results[name] for name in ("machine", "data")):
            results = earlier
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name, bench in BENCHMARKS.items():
            if name in arguments.only:
                print(f"{name} ...", file=sys.stderr)
                rows, results[name] = bench(corpus, folder)
                results["rows"][name] = [vars(row) | {"kept": row.kept} for row in rows]
    show(results)
    arguments.json.write_text(json.dumps(results, indent=2) + "\n")


Measured = tuple[list[Row], dict[str, Any]]


def bench_training(corpus: Corpus, folder: Path) -> Measured:
    numbers = training.measure(corpus)
    same = training.differences(corpus)
    plain = "one run after another, clip by clip"
    rows = []
    for engine, name, bounds in (("fused", "the fused engine", (10, 7, 0.7)), ("loop", "the loop", (5, 3.5, 0))):
        epoch, alone = f"an epoch of training and validation, {name}", f"training alone, {name}"
        peak, by = "peak of a matrix product", "by the equations' operations"
        rows += [
            Row(epoch, plain, numbers[f"{engine}_ratio"], "x", bounds[0]),
            Row(alone, plain, numbers[f"{engine}_ratio_train"], "x", bounds[1]),
            Row(f"{epoch}, {by}", peak, numbers[f"{engine}_share"], "of it", bounds[2]),
            Row(f"{alone}, {by}", peak, numbers[f"{engine}_share_train"], "of it", bounds[2]),
        ]
    within = {"bound": 1e-4, "at_most": True}
    rows += [
        Row("weights after 3 epochs of 640 clips, float64", plain, same["part_after_3"], "apart", **within),
        Row("the same, the loop", plain, same["loop_part_after_3"], "apart", **within),
        Row("weights after an epoch of all clips, float64", plain, same["double_after_1"], "apart", **within),
        Row("weights after 3 epochs of all clips, float32", plain, same["after_3"], "apart", 0),
        Row(f"{plain}: the same", "itself from the next floats", same["itself_after_3"], "apart", 0),
    ]
    return rows, {**numbers, **same}


def bench_tagging(corpus: Corpus, folder: Path) -> Measured:
    rows, all_numbers = [], {}
    for size in taggers.SIZES:
        numbers = all_numbers[size] = taggers.measure(size)
        what = f"an epoch of {taggers.TRIALS} trials of self-supervised attention at once, sizes of {size}"
        rows += [
            Row(what, "one trial after another", numbers["alone"] / numbers["batched"], "x", 5),
            Row(what, "a plain loop over a DataLoader", numbers["plain"] / numbers["batched"], "x", 10),
        ]
    return rows, all_numbers


def bench_tables(corpus: Corpus, folder: Path) -> Measured:
    clone = commands.Clone(corpus.project, folder / "tables")
    clone.check_finished()
    start, per_epoch = commands.tables_seconds(clone)
    plain = whole.straightforward_epoch(clone.folder, clone.corpus)
    ours, theirs = start + 100 * per_epoch, 100 * plain
    numbers = {"corpus": clone.corpus, "stages": start, "epoch": per_epoch, "ours": ours, "straightforward": theirs}
    what = f"Tables 3 and 4 of {clone.corpus}, 100 epochs"
    return [Row(what, "the straightforward training alone", theirs / ours, "x", 8)], numbers


def bench_commands(corpus: Corpus, folder: Path) -> Measured:
    clone = commands.Clone(corpus.project, folder / "commands")
    clone.check_finished()
    numbers = commands.measure(clone)
    started = commands.start_up(corpus.project)
    slowest = max(started, key=lambda stage: started[stage])
    rows = [
        Row(
            f"dvc exp run with another gamma ({clone.corpus})",
            "dvc repro with nothing to do",
            numbers["gamma"],
            "s more",
            15,
            at_most=True,
        ),
        Row("dvc repro with nothing to do", "dvc status", numbers["nothing"], "x", 1.5, at_most=True),
        Row(f"start of a stage ({slowest})", "python -c pass", started[slowest], "s more", 1, at_most=True),
    ]
    return rows, {"corpus": clone.corpus, **numbers, "start": started}


def bench_embeddings(corpus: Corpus, folder: Path) -> Measured:
    place = folder / "embeddings"
    place.mkdir()
    n, ours, theirs = embeddings.rates(corpus, place)
    row = Row(f"{n:,} embeddings to parquet, checked", "the package tfrecord reading", ours / theirs, "x", 2)
    return [row], {"records": ours, "tfrecord": theirs}


def bench_evaluation(corpus: Corpus, folder: Path) -> Measured:
    scores, labels = metrics.scores_and_labels(corpus)
    ways = {"ours": lambda: metrics.ours(scores, labels), "sklearn": lambda: metrics.sklearns(scores, labels)}
    taken = alternate(ways)
    apart = metrics.largest_difference(scores, labels)
    rows = [
        Row("F1 at 61 thresholds, AP, best threshold", "scikit-learn", taken["sklearn"] / taken["ours"], "x", 20),
        Row("the same numbers", "scikit-learn", apart, "apart", 1e-12, at_most=True),
    ]
    return rows, taken


def bench_split(corpus: Corpus, folder: Path) -> Measured:
    numbers = in_process("split.py", str(split.CLIPS))
    what = f"class split of {split.CLIPS:,} clips"
    rows = [
        Row(what, "", numbers["seconds"], "s", 20, at_most=True),
        Row(what, "", numbers["gib"], "GiB", 4, at_most=True),
    ]
    return rows, {**numbers}


def bench_archive(corpus: Corpus, folder: Path) -> Measured:
    taken = in_process("archive.py", str(archive.CLIPS))
    rows = []
    for name, of_stage in taken.items():
        if "epoch" in of_stage:
            what = f"an epoch over {archive.WHOLE:,} clips, by one over {of_stage['clips']:,} ({name})"
            minutes = of_stage["epoch"] / of_stage["clips"] * archive.WHOLE / 60
            rows.append(Row(what, "", minutes, "min", 60, at_most=True))
    most = max(taken, key=lambda name: taken[name]["gib"])
    what = f"most memory of a stage on an archive of {archive.CLIPS:,} clips ({most})"
    return [*rows, Row(what, "", taken[most]["gib"], "GiB", 2, at_most=True)], taken


def bench_growth(corpus: Corpus, folder: Path) -> Measured:
    place = folder / "growth"
    place.mkdir()
    taken = {
        "training": training.growth(corpus, FRACTIONS),
        "embeddings": embeddings.growth(corpus, place, FRACTIONS),
        "evaluation": metrics.growth(corpus, FRACTIONS),
        "split": [in_process("split.py", str(round(split.CLIPS * part)))["seconds"] for part in FRACTIONS],
    }
    exponents = {name: exponent(list(FRACTIONS), times) for name, times in taken.items()}
    return [], {"fractions": FRACTIONS, "seconds": taken, "exponents": exponents}


BENCHMARKS = {
    "training": bench_training,
    "tagging": bench_tagging,
    "tables": bench_tables,
    "commands": bench_commands,
    "embeddings": bench_embeddings,
    "evaluation": bench_evaluation,
    "split": bench_split,
    "archive": bench_archive,
    "growth": bench_growth,
}


def machine(threads: int) -> dict[str, object]:
    info = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    versions = {name: importlib.metadata.version(name) for name in ("torch", "numpy", "dvc")}
    return {"processor": names[0] if names else platform.processor(), "threads": threads, **versions}


def show(results: dict[str, Any]) -> None:
    print(f"{results['machine']}; {results['data']}\n")
    print("| what | against | measured | bound | |\n|---|---|---|---|---|")
    for row in (row for name in BENCHMARKS for row in results["rows"].get(name, [])):
        bound = f"{'at most' if row['at_most'] else 'at least'} {row['bound']:g}" if row["bound"] else ""
        kept = "" if not row["bound"] else "kept" if row["kept"] else "**missed**"
        print(f"| {row['what']} | {row['against']} | {row['value']:.3g} {row['unit']} | {bound} | {kept} |")
    if "growth" in results:
        growth = results["growth"]
        print("\n| seconds at so many times the clips | " + " | ".join(f"{f:g}" for f in FRACTIONS) + " | exponent |")
        print("|---|" + "---|" * (len(FRACTIONS) + 1))
        for name, times in growth["seconds"].items():
            print(f"| {name} | " + " | ".join(f"{t:.3g}" for t in times) + f" | {growth['exponents'][name]:.2f} |")


if __name__ == "__main__":
    main()
