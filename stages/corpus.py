"""Stage corpus: synthesise or fetch the sounds and labels."""

from params import Params
from pipeline import Paths, run
from zsaudio.corpora.coverage import Coverage
from zsaudio.storage.downloads import default_mirror


def main(params: Params, paths: Paths) -> None:
    if params.corpus == "demo":
        from zsaudio.corpora import demo

        demo.synthesise(paths.raw, params.demo.clips, params.demo.seed)
    elif params.corpus == "local":
        from zsaudio.corpora import local

        chosen = params.local
        assert chosen.recordings is not None  # checked with the params
        labels = chosen.labels or chosen.recordings / local.LABELS
        announce(local.prepare(local.Source(chosen.recordings, labels, chosen.ontology), paths.raw))
    else:
        from zsaudio.corpora import audioset

        source = audioset.Source(**params.audioset.model_dump())
        recordings = params.audioset_audio.recordings
        if params.corpus == "audioset":
            announce(audioset.prepare(source, paths.raw, paths.downloads, default_mirror()))
        else:
            assert recordings is not None  # checked with the params
            announce(audioset.prepare_recordings(source, recordings, paths.raw, paths.downloads, default_mirror()))


def announce(found: Coverage) -> None:
    print(f"{len(found.missing):,} clips, {found.missing.sum():,} of them without sound")


if __name__ == "__main__":
    run(main)
