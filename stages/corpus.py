"""Stage corpus: synthesise or download the sounds and labels."""

import sys

from pipeline import Params, Paths, run
from zsaudio.storage.downloads import default_mirror


def main(params: Params, paths: Paths) -> None:
    if params.corpus == "demo":
        from zsaudio.corpora import demo

        demo.synthesise(paths.raw, params.demo.clips, params.demo.seed)
        return
    if params.corpus == "captioned":
        prepare_captioned(params, paths)
        return
    if params.corpus == "local":
        from zsaudio.corpora import local

        recordings = params.local.recordings
        assert recordings is not None  # checked with the params
        labels = params.local.labels or recordings / local.LABELS
        coverage = local.prepare(local.LocalSource(recordings, labels, params.local.ontology), paths.raw)
    else:
        from zsaudio.corpora import audioset

        source = audioset.AudiosetSource(**params.audioset.model_dump())
        if params.corpus == "audioset":
            coverage = audioset.prepare(source, paths.raw, paths.downloads, default_mirror())
        else:
            recordings = params.audioset_audio.recordings
            assert recordings is not None  # checked with the params
            coverage = audioset.prepare_recordings(source, recordings, paths.raw, paths.downloads, default_mirror())
    named = f"; {paths.raw}/missing_clips.csv names them" if coverage.missing.any() else ""
    print(f"{len(coverage.missing):,} clips, {coverage.missing.sum():,} of them without sound{named}")


def prepare_captioned(params: Params, paths: Paths) -> None:
    from zsaudio.corpora import captioned_recordings

    subsets = {
        name: captioned_recordings.CaptionedSubset(subset.captions, subset.recordings)
        for name, subset in params.captioned.subsets.items()
    }
    coverage = captioned_recordings.prepare(subsets, paths.raw)
    for warning in coverage.warnings:
        print(f"corpus: {warning}", file=sys.stderr)
    for subset, recordings, captions in coverage.table.itertuples(index=False):
        print(f"{subset}: {recordings:,} recordings, {captions:,} captions")
    named = f"; {paths.raw / captioned_recordings.UNMATCHED} names them"
    print(
        f"{coverage.uncaptioned:,} recordings have no caption, {coverage.unrecorded:,} captioned ones are not there"
        f"{named if coverage.uncaptioned or coverage.unrecorded else ''}"
    )


if __name__ == "__main__":
    run(main)
