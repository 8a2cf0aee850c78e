"""Stage audio: embeddings of the clips' audio, a row of features per second (section 3.3)."""

from pipeline import Paths, run
from zsaudio import schemas, tables
from zsaudio.audio import audio_encoder
from zsaudio.params import Params


def main(params: Params, paths: Paths) -> None:
    clips = tables.read_table(paths.clips, schemas.CLIPS)["clip_id"].to_pylist()
    encoder = audio_encoder(params.audio.encoder[params.corpus])
    found = encoder.encode(paths.raw, clips, params.audio.segments)
    _, segments, features = found.values.shape
    tables.write_table(
        paths.audio,
        schemas.AUDIO,
        {
            "clip_id": found.clip_ids,
            "n_segments": found.n_segments,
            "embedding": tables.vectors(found.values),
        },
        {
            "encoder": encoder.name,
            "segments": str(segments),
            "features": str(features),
            "scale": repr(found.scale),
            "offset": repr(found.offset),
        },
    )
    short = int((found.n_segments < segments).sum())
    print(f"{len(found.clip_ids):,} of {len(clips):,} clips have audio; {short:,} are shorter than {segments} s")


if __name__ == "__main__":
    run(main)
