"""Stage captions of retrieval: the captions of each recording, and which recordings train, validate and test."""

import sys
from collections.abc import Mapping

import pandas as pd

from pipeline import Params, Paths, run
from zsaudio.classes.shares import ROLES
from zsaudio.errors import ZsAudioError
from zsaudio.formats.captions import read_rewrites
from zsaudio.formats.clip_lists import read_labels, read_segments
from zsaudio.formats.strong_labels import read_events
from zsaudio.retrieval import templates
from zsaudio.retrieval.caption_roles import Source, deal
from zsaudio.storage import schemas, tables
from zsaudio.storage.files import write_json
from zsaudio.text.wording import has_words, plain

LONGEST = 10  # seconds of a clip with strong labels


def main(params: Params, paths: Paths) -> None:
    data = params.retrieval.data.get(params.corpus)
    param = f"retrieval.data.{params.corpus}"
    if data is None:
        raise ZsAudioError(f"{param}: is missing: which subsets train, validate and test; see retrieval.data.demo")
    captions, notes = from_files(paths) if params.corpus == "captioned" else from_templates(params, paths)
    captions = captions.assign(
        caption=captions["caption"].map(plain), reversed=captions["reversed"].map(plain, "ignore")
    )
    wordless = ~captions["caption"].map(has_words)
    if wordless.any():
        notes.append(f"{wordless.sum():,} captions have no word; they are left out")
    captions = captions[~wordless]
    sources = {role: Source(f"{param}.{role}", *getattr(data, role).model_dump().values()) for role in ROLES}
    roles = deal(captions["clip_id"].tolist(), captions["subset"].tolist(), sources)
    captions = captions.assign(role=captions["clip_id"].map(roles)).dropna(subset="role")
    # Templates word one thing in several ways: for training. What is asked is each thing once.
    asked = captions["templated"] & (captions["role"] != "train") & captions.duplicated("clip_id")
    captions = captions[~asked]

    rewrites = {} if params.retrieval.rewrites is None else plain_rewrites(read_rewrites(params.retrieval.rewrites))
    told = [(caption, rewrite) for caption, of_caption in rewrites.items() for rewrite in of_caption]
    folder = paths.retrieval / "captions"
    columns = {name: captions[name].tolist() for name in schemas.CAPTIONED.columns}
    tables.write_table(folder / "captions.parquet", schemas.CAPTIONED, columns)
    wordings = {"caption": [caption for caption, _ in told], "rewrite": [rewrite for _, rewrite in told]}
    tables.write_table(folder / "rewrites.csv", schemas.REWRITES, wordings)
    for role in ROLES:
        of_role = captions[captions["role"] == role]
        counts = (of_role["clip_id"].nunique(), len(of_role), of_role["caption"].nunique())
        notes.append("{}: {:,} recordings, {:,} captions, {:,} of them distinct".format(role, *counts))
    if params.retrieval.rewrites is not None:
        rewritten = captions["caption"].isin(rewrites.keys()).sum()
        notes.append(f"{rewritten:,} captions have other wordings in {params.retrieval.rewrites.name}")
    write_json(folder / "notes.json", {"notes": notes})
    print("\n".join(notes))


def plain_rewrites(rewrites: Mapping[str, list[str]]) -> dict[str, list[str]]:
    worded = {plain(caption): [plain(text) for text in of_caption] for caption, of_caption in rewrites.items()}
    return {caption: [text for text in of_caption if has_words(text)] for caption, of_caption in worded.items()}


def from_files(paths: Paths) -> tuple[pd.DataFrame, list[str]]:
    """Captions as they are published, of the recordings that are there."""
    captions = tables.read_table(paths.raw / "captions.csv", schemas.CAPTIONS).to_pandas()
    return captions.assign(reversed=None, templated=False), ["captions are those of the corpus"]


def from_templates(params: Params, paths: Paths) -> tuple[pd.DataFrame, list[str]]:
    """Captions made of labels, or of events where there are strong labels."""
    labels = read_labels(paths.raw / "class_labels_indices.csv")
    segments = read_segments(paths.raw, labels)
    strong = params.retrieval.data[params.corpus].strong_labels
    rows: list[tuple[str, str, str, str | None]] = []
    if strong is None:
        names = dict(zip(labels["index"], labels["display_name"], strict=True))
        for row, (clip, subset) in enumerate(zip(segments.clip_ids, segments.subsets, strict=True)):
            told = templates.of_labels([names[label] for label in segments.of(row)])
            rows += [(clip, subset, caption, None) for caption in told]
        notes = ["captions are made of the labels, by templates"]
    else:
        by_mid = dict(zip(labels["mid"], labels["display_name"], strict=True))
        events = read_events(strong, by_mid, dict.fromkeys(segments.clip_ids, LONGEST))
        for warning in events.warnings:
            print(f"captions: {warning}", file=sys.stderr)
        subset_of = dict(zip(segments.clip_ids, segments.subsets, strict=True))
        for clip, of_clip in events.table.groupby("clip_id"):
            heard = [(by_mid[mid], a, b) for mid, a, b in of_clip[["mid", "onset", "offset"]].itertuples(index=False)]
            caption, other = templates.of_events(heard), templates.of_events(templates.reversed_events(heard))
            words, others = plain(caption).split(), plain(other).split()
            only_order = words != others and sorted(words) == sorted(others)
            rows.append((str(clip), subset_of[clip], caption, other if only_order else None))
        notes = [f"captions are made of the events in {strong.name} in their order, by templates"]
        if without := len(segments) - len(rows):
            notes.append(f"{without:,} clips have no event, and so no caption")
    columns = ["clip_id", "subset", "caption", "reversed"]
    return pd.DataFrame(rows, columns=columns).assign(templated=True), notes


if __name__ == "__main__":
    run(main)
