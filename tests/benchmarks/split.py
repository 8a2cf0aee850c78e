"""The class split of as many clips as all of AudioSet has: seconds and peak memory.

python tests/benchmarks/split.py CLIPS
"""

from __future__ import annotations

import json
import resource
import sys
import time

import numpy as np
import pyarrow as pa
from synthesised import synthesised_segments

from zsaudio.classes.folds import fold_tables, incidence, keep_classes, split_classes, table1

CLIPS = 2_000_000


def main() -> None:
    segments = synthesised_segments(int(sys.argv[1]))
    indices = np.unique(segments.labels)
    names = [f"class {index}" for index in indices]
    classes = pa.table({"index": indices, "mid": names, "name": names, "branch": names})
    start = time.perf_counter()
    kept = keep_classes(segments, indices)
    clips_by_classes = incidence(kept, indices)
    split = split_classes(clips_by_classes)
    fold_tables(kept, classes, clips_by_classes, split)
    table1(clips_by_classes, split, "drop")
    taken = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # KiB on Linux
    print(json.dumps({"seconds": taken, "gib": peak}))


if __name__ == "__main__":
    main()
