"""Stage folds: split the classes into three disjoint folds, and the clips with them (section 3.2, Table 1)."""

from pipeline import Params, Paths, run
from zsaudio.classes.folds import fold_tables, incidence, keep_classes, split_classes, table1
from zsaudio.formats.clip_lists import read_labels, read_segments
from zsaudio.storage import schemas, tables
from zsaudio.storage.files import write_json


def main(params: Params, paths: Paths) -> None:
    classes = tables.read_table(paths.classes, schemas.CLASSES)
    labels = read_labels(paths.raw / "class_labels_indices.csv")
    segments = keep_classes(read_segments(paths.raw, labels), classes["index"].to_numpy(), params.folds.min_labels)
    clips_by_classes = incidence(segments, classes["index"].to_numpy())
    split = split_classes(clips_by_classes, params.folds.split)
    folds, clips = fold_tables(segments, classes, clips_by_classes, split)

    tables.write_table(paths.folds, schemas.FOLDS, folds)
    tables.write_table(paths.clips, schemas.CLIPS, clips, {"spanning": params.folds.spanning})
    row_of = {mid: row for row, mid in enumerate(classes["mid"].to_pylist())}
    above = classes["above"].to_pylist()
    nested = [(row_of[ancestor], row) for row, mids in enumerate(above) for ancestor in mids.split()]
    write_json(paths.metrics / "table1.json", table1(clips_by_classes, split, params.folds.spanning, nested))


if __name__ == "__main__":
    run(main)
