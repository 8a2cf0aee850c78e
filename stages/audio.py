"""Stage audio: embeddings of the clips' audio, a row of features per second, or per window of PaSST (section 3.3)."""

from pipeline import Params, Paths, run
from zsaudio.errors import ZsAudioError
from zsaudio.formats.clip_lists import read_labels, read_segments
from zsaudio.formats.recordings import read_recordings
from zsaudio.storage import schemas, tables
from zsaudio.storage.downloads import default_mirror

Missing = list[tuple[str, str, str]]  # clip id, file, why it has no audio


def main(params: Params, paths: Paths) -> None:
    clips = clips_of(params, paths)
    embed = embed_released if params.audio.encoder[params.corpus] == "google_vggish" else embed_recordings
    missing = embed(params, paths, clips)
    columns = {name: [row[i] for row in missing] for i, name in enumerate(schemas.AUDIO_ERRORS.columns)}
    tables.write_table(paths.audio_errors, schemas.AUDIO_ERRORS, columns)
    with_audio = len(clips) - len(missing)
    print(f"{with_audio:,} of {len(clips):,} clips have audio; {paths.audio_errors} says why others do not")


def clips_of(params: Params, paths: Paths) -> list[str]:
    """All clips of the corpus, whatever classes a task has."""
    if params.corpus == "captioned":
        return list(read_recordings(paths.raw))
    labels = read_labels(paths.raw / "class_labels_indices.csv")
    clips: list[str] = read_segments(paths.raw, labels).clip_ids.tolist()
    return clips


def embed_released(params: Params, paths: Paths, clips: list[str]) -> Missing:
    from zsaudio.audio.google_vggish import METADATA, embedding_tables

    segments = params.audio.segments
    parts = embedding_tables(paths.raw, clips, segments)
    tables.concatenate(paths.audio, schemas.AUDIO, parts, {**METADATA, "segments": str(segments)})
    embedded = set(tables.read_column(paths.audio, "clip_id"))
    return [(clip, "", "no embedding in the archive") for clip in clips if clip not in embedded]


def embed_recordings(params: Params, paths: Paths, clips: list[str]) -> Missing:
    from zsaudio.audio import audio_encoder
    from zsaudio.audio.extraction import extract

    files = read_recordings(paths.raw)
    recordings = {clip: files[clip] for clip in clips if clip in files}
    if not recordings:
        raise ZsAudioError(f"none of the {len(clips):,} clips has a recording; {paths.raw} says which are missing")
    name = params.audio.encoder[params.corpus]
    knobs, device = {}, "cpu"
    if name != "logmel":  # which needs no torch, which takes a second to import
        from zsaudio.training.device import set_up

        knobs = getattr(params.audio, name).model_dump(exclude_none=True)
        device = set_up(params.device, params.threads, params.matmul).type
    encoder = audio_encoder(name, knobs, mirror=default_mirror(), device=device)
    kept = {"weights_sha256": "weights_sha256", "revision": "branch"}  # params that may keep what it is now
    for param, told in kept.items():
        if encoder.metadata.get(told):
            print(f"audio.{name}.{param}: {encoder.metadata[told]}")
    extracted = extract(encoder, recordings, params.audio.segments, paths.extraction, params.audio.workers)
    parts = (tables.read_table(shard, schemas.AUDIO) for shard in extracted.shards)
    tables.concatenate(paths.audio, schemas.AUDIO, parts, {**encoder.metadata, "segments": str(params.audio.segments)})
    return extracted.errors + [(clip, "", "no recording") for clip in clips if clip not in files]


if __name__ == "__main__":
    run(main)
