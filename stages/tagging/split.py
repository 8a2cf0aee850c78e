"""Stage split of tagging: which clips train, validate and test, their classes, and their strong labels (section IV)."""

import hashlib
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline import Params, Paths, run
from tagging_params import ClipsParams, Kind
from zsaudio.classes.roles import Chosen, closed_set, deal_roles
from zsaudio.classes.shares import ROLES
from zsaudio.errors import ZsAudioError
from zsaudio.formats.clip_lists import read_labels, read_segments
from zsaudio.formats.interval_lists import read_clip_list
from zsaudio.formats.strong_labels import Events, read_events
from zsaudio.storage import schemas, tables
from zsaudio.storage.downloads import default_mirror, fetch
from zsaudio.storage.files import write_json


def main(params: Params, paths: Paths, clips: Kind) -> None:
    data = params.tagging.data.get(clips, {}).get(params.corpus)
    param = f"tagging.data.{clips}.{params.corpus}"
    if data is None:
        raise ZsAudioError(
            f"{param}: is missing: which clips train, validate and test, and their strong labels; see "
            f"tagging.data.{clips}.demo for an example. Without strong labels set tagging.strong, tagging.pretrained "
            "to [] and tagging.clips to [weak]"
        )
    labels = read_labels(paths.raw / "class_labels_indices.csv")
    segments = read_segments(paths.raw, labels)
    seconds = tables.clip_seconds(paths.audio)
    events = Events.none()
    if data.strong_labels is not None:
        names = dict(zip(labels["mid"], labels["display_name"], strict=True))
        events = read_events(located(data.strong_labels, paths), names, seconds)
        for warning in events.warnings:
            print(f"split: {warning}", file=sys.stderr)
    every = labels["mid"].tolist() if clips == "weak" else sorted(set(events.table["mid"]))
    classes = closed_set(labels, data.classes or every, f"{param}.classes")
    index, mids = classes["index"].to_numpy(np.int64), classes["mid"].tolist()
    kept = events.table[events.table["mid"].isin(mids)]
    heard = kept.assign(label=kept["mid"].map(dict(zip(mids, index, strict=True)))).groupby("clip_id")["label"].unique()
    chosen = {role: choice(getattr(data, role), f"{param}.{role}", paths) for role in ROLES}
    dealt = deal_roles(segments, index, chosen, seconds, heard.index if clips == "strong" else None)

    def labels_of(role: str, row: int) -> npt.NDArray[np.int64]:
        """Those of its events, for a clip that is trained on by them; else those that the corpus gives it."""
        by_events = clips == "strong" and role == "train"
        return np.sort(heard[segments.clip_ids[row]]) if by_events else np.intersect1d(segments.of(row), index)

    folder = paths.tagging / "clips" / clips
    of_classes = {"index": index, "mid": mids, "name": classes["display_name"].tolist()}
    tables.write_table(folder / "classes.csv", schemas.TAGGING_CLASSES, of_classes)
    placed = [(role, row) for role in ROLES for row in dealt.rows[role].tolist()]
    columns = {
        "clip_id": [segments.clip_ids[row] for _, row in placed],
        "role": [role for role, _ in placed],
        "labels": pa.array([labels_of(role, row) for role, row in placed], pa.list_(pa.int64())),
    }
    tables.write_table(folder / "clips.parquet", schemas.TAGGING_CLIPS, columns)
    tables.write_table(
        folder / "events.csv", schemas.EVENTS, {name: kept[name].tolist() for name in schemas.EVENTS.columns}
    )
    counts = ", ".join(f"{len(dealt.rows[role]):,} clips for {role}" for role in ROLES)
    notes = [*dealt.notes, f"{len(classes):,} classes, {counts}"]
    for role in ROLES:
        carried = {label for of_role, row in placed if of_role == role for label in labels_of(role, row).tolist()}
        if len(carried) < len(classes):
            notes.append(f"{len(classes) - len(carried):,} classes have no clip for {role}")
    write_json(folder / "notes.json", {"notes": notes})
    print("\n".join(notes))


def choice(clips: ClipsParams, param: str, paths: Paths) -> Chosen:
    if clips.list is not None:
        file = located(clips.list, paths)
        return Chosen(f"{param}.list ({file.name})", clips=read_clip_list(file))
    if clips.subset is not None:
        return Chosen(f"{param}.subset", subset=clips.subset)
    return Chosen(f"{param}.share", share=clips.share)


def located(source: str, paths: Paths) -> Path:
    """A file where it is, or downloaded from a public address, into a folder of that address."""
    if "://" not in source:
        return Path(source)
    return fetch(source, paths.downloads / hashlib.sha256(source.encode()).hexdigest()[:12], default_mirror())


if __name__ == "__main__":
    run(main, "CLIPS", known=lambda _: {"CLIPS": get_args(Kind)})
