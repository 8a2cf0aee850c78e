"""Stage folds: classes and clips into three disjoint folds by greedy co-occurrence (section 3.2, Table 1)."""

import numpy as np
import pyarrow as pa

from pipeline import Paths, run
from zsaudio import schemas, tables
from zsaudio.files import write_json
from zsaudio.folds import FOLDS, fold_of_clips, incidence, keep_classes, split_classes, table1
from zsaudio.params import Params
from zsaudio.segments import read_labels, read_segments


def main(params: Params, paths: Paths) -> None:
    classes = tables.read_table(paths.classes, schemas.CLASSES)
    indices = classes["index"].to_numpy()
    segments = keep_classes(read_segments(paths.raw, read_labels(paths.raw / "class_labels_indices.csv")), indices)
    clips_by_classes = incidence(segments, indices)
    split = split_classes(clips_by_classes)
    fold = fold_of_clips(clips_by_classes, split)

    names = np.array([*FOLDS, None], object)  # fold -1 is the last: none
    tables.write_table(
        paths.folds,
        schemas.FOLDS,
        {
            "mid": classes["mid"],
            "name": classes["name"],
            "fold": names[split.fold].tolist(),
            "order": split.order,
            "clips": split.clips,
        },
    )
    tables.write_table(
        paths.clips,
        schemas.CLIPS,
        {
            "clip_id": segments.clip_ids,
            "subset": segments.subsets,
            "fold": names[fold],
            "labels": pa.ListArray.from_arrays(segments.offsets.astype(np.int32), segments.labels),
        },
        {"spanning": params.folds.spanning},
    )
    write_json(paths.metrics / "table1.json", table1(clips_by_classes, split, params.folds.spanning))


if __name__ == "__main__":
    run(main)
