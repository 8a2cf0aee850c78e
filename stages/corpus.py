"""Stage corpus: synthesise or fetch the sounds and labels."""

from pipeline import Paths, mirror, run
from zsaudio.params import Params


def main(params: Params, paths: Paths) -> None:
    if params.corpus == "demo":
        from zsaudio.corpora import demo

        demo.synthesise(paths.raw, params.demo.clips, params.demo.seed)
    else:
        from zsaudio.corpora import audioset

        source = audioset.Source(**params.audioset.model_dump())
        coverage = audioset.prepare(source, paths.raw, paths.downloads, mirror())
        print(f"{coverage.clips:,} clips, {coverage.missing:,} of them without embeddings")


if __name__ == "__main__":
    run(main)
