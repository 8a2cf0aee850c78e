"""Stage audio: embeddings of the clips' audio, a row of features per second (section 3.3)."""

from collections.abc import Mapping

from pipeline import Paths, run, use_device
from zsaudio import schemas, tables
from zsaudio.errors import ZsAudioError
from zsaudio.fetch import default_mirror
from zsaudio.params import Params
from zsaudio.recordings import read_recordings

Lacking = list[tuple[str, str, str]]  # clip id, file, why it has no audio


def main(params: Params, paths: Paths) -> None:
    clips = tables.read_table(paths.clips, schemas.CLIPS)["clip_id"].to_pylist()
    make = from_embeddings if params.audio.encoder[params.corpus] == "google_vggish" else from_recordings
    lacking = make(params, paths, clips)
    names = [clip for clip, _, _ in lacking]
    tables.write_table(
        paths.audio_errors,
        schemas.AUDIO_ERRORS,
        {"clip_id": names, "file": [file for _, file, _ in lacking], "reason": [reason for _, _, reason in lacking]},
    )
    print(
        f"{len(clips) - len(names):,} of {len(clips):,} clips have audio; {paths.audio_errors} says why others do not"
    )


def from_embeddings(params: Params, paths: Paths, clips: list[str]) -> Lacking:
    from zsaudio.audio.google_vggish import FACTS, embedding_tables

    segments = params.audio.segments
    parts = embedding_tables(paths.raw, clips, segments)
    tables.concatenate(paths.audio, schemas.AUDIO, parts, {**FACTS, "segments": str(segments)})
    found = set(tables.read_column(paths.audio, "clip_id"))
    return [(clip, "", "no embedding in the archive") for clip in clips if clip not in found]


def from_recordings(params: Params, paths: Paths, clips: list[str]) -> Lacking:
    from zsaudio.audio import recording_encoder
    from zsaudio.audio.extraction import extract

    chosen = params.audio
    facts: Mapping[str, str] = {
        "encoder": chosen.encoder[params.corpus],
        "weights": chosen.weights,
        "pca": chosen.pca,
        "output": chosen.output,
        "activation": chosen.activation,
        "precision": chosen.precision,
    }
    device = use_device(params).type if facts["encoder"] == "vggish" else "cpu"
    files = read_recordings(paths.raw)
    present = {clip: files[clip] for clip in clips if clip in files}
    if not present:
        raise ZsAudioError(f"none of the {len(clips):,} clips has a recording; {paths.raw} says which are missing")
    encoder = recording_encoder(facts, mirror=default_mirror(), device=device)
    done = extract(encoder, present, chosen.segments, paths.extraction, chosen.workers)
    parts = (tables.read_table(shard, schemas.AUDIO) for shard in done.shards)
    tables.concatenate(paths.audio, schemas.AUDIO, parts, {**encoder.facts, "segments": str(chosen.segments)})
    return done.errors + [(clip, "", "no recording") for clip in clips if clip not in files]


if __name__ == "__main__":
    run(main)
