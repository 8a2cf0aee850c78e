"""A trained model from its folder, with the encoders that it was trained with."""

import numbers
from pathlib import Path

from zsaudio.audio import recording_encoder
from zsaudio.errors import ZsAudioError
from zsaudio.inference.encoder_files import encoder_files
from zsaudio.inference.predictor import Predictor, checked_place
from zsaudio.models.model_folder import CONFIG, read_model
from zsaudio.storage.downloads import default_mirror, mirror_folder
from zsaudio.storage.values import shown
from zsaudio.text import encoder_of
from zsaudio.training.stacked import read_models


def load(
    folder: str | Path,
    run: int = 0,
    *,
    text_model: str | Path | None = None,
    text_vectors: str | Path | None = None,
    audio_model: str | Path | None = None,
    audio_weights: str | Path | None = None,
    audio_pca: str | Path | None = None,
    mirror: str | Path | None = None,
    fetch: bool = False,
) -> Predictor:
    """Load a trained model: a folder that the pipeline or `zsaudio export` has made.

    The encoders are those that it was trained with: from the folder itself where `zsaudio export` has put them there,
    else from where they came from when it was trained. A model that was trained on AudioSet's released embeddings
    hears recordings through VGGish, the network they come from.

    Args:
        folder: e.g. data/audioset/models/temporal_attention/setting1.
        run: which of the trained runs, with all models of an ensemble; of a cross-validation, that of its first part.
        text_model, audio_model: folder or hub name of a model of the transformers library, if it has moved.
        text_vectors: table of word vectors, if it has moved.
        audio_weights, audio_pca: files of VGGish or PaSST, if they have moved.
        mirror: a folder (or, for VGGish and PaSST, base URL) that is looked in before the web, at HOST/PATH; None:
            AUDIOSET_MIRROR in the environment.
        fetch: allow a model that was not trained here to name addresses of its own for its encoders.

    Raises:
        ZsAudioError: a file of the model is missing or altered, an encoder cannot be loaded, is another, does not read
            a file that is named, or would be fetched or read from outside of the folder without leave.
        TypeError: an argument is of another type.
    """
    folder = Path(checked_place("folder", folder))
    if not isinstance(run, numbers.Integral) or isinstance(run, bool):
        raise TypeError(f"run: expected a whole number, got {shown(run)}")
    options = {
        "audio_model": audio_model,
        "audio_weights": audio_weights,
        "audio_pca": audio_pca,
        "text_model": text_model,
        "text_vectors": text_vectors,
    }
    named = {name: checked_place(name, place) for name, place in options.items() if place is not None}
    mirror = checked_place("mirror", mirror) if mirror else default_mirror()
    config = read_model(folder)
    if config.decision is None and not config.of_captions:
        raise ZsAudioError(f"{folder}: is not evaluated yet and has no threshold; use data/CORPUS/models/MODEL/SETTING")
    members = [number for number, member in enumerate(config.members) if member.run == run]
    if not members:
        known = sorted({member.run for member in config.members})
        raise ZsAudioError(f"{folder}: has no run {run}; known are {', '.join(map(str, known))}")
    stacked = read_models(folder, config)
    models = [stacked.model(member) for member in members[: config.variant.ensemble]]
    given = []
    for name in named:
        kind, _, file = name.partition("_")
        encoding = config.audio if kind == "audio" else config.text
        if file not in encoding:
            raise ZsAudioError(f"{name}: the model's encoder, {encoding['encoder']}, reads no such file; leave it out")
        given.append(file)
    vectors = Path(named["text_vectors"]) if "text_vectors" in named else None
    try:
        audio = encoder_files(folder, "audio", config.audio, given, fetch=fetch)
        text = encoder_files(folder, "text", config.text, given, fetch=fetch)
        return Predictor(
            config,
            None if config.decision is None else config.decision.thresholds[members[0]],
            models,
            recording_encoder(
                audio,
                weights=named.get("audio_weights"),
                pca=named.get("audio_pca"),
                model=named.get("audio_model"),
                mirror=mirror,
            ),
            encoder_of(text, model=named.get("text_model"), vectors=vectors, mirror=mirror_folder(mirror)),
        )
    except KeyError as error:
        raise ZsAudioError(
            f"{folder / CONFIG}: the metadata of an encoder lack {error}; get the model again"
        ) from error
    except ZsAudioError as error:
        raise ZsAudioError(
            f"{str(error).rstrip('.')}. Name files that you have already: audio_model, audio_weights, audio_pca, "
            "text_model, text_vectors (--audio-model and so on)."
        ) from error
