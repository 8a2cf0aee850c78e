"""A fine-tuned dual encoder on disk: a model folder that holds its encoders, too (`zsaudio.models.model_folder`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zsaudio.audio import RecordingEncoder, recording_encoder
from zsaudio.audio.hf_audio import HfSounds
from zsaudio.errors import ZsAudioError
from zsaudio.inference.encoder_files import encoder_files
from zsaudio.models.model_folder import CONFIG, ENCODERS, WEIGHTS, Config, read_model, save_model, write_checksums
from zsaudio.pretrained.networks import fingerprint
from zsaudio.retrieval.towers import DualEncoder, Windows, write_tensors
from zsaudio.storage.files import names_below, replacing_folder, sha256
from zsaudio.text import encoder_of
from zsaudio.text.hf_text import UNUSED, HfText
from zsaudio.training.stacked import read_models

AUDIO, TEXT, AUDIO_WEIGHTS = f"{ENCODERS}/audio_model", f"{ENCODERS}/text_model", f"{ENCODERS}/audio_weights"


def encoder_of_networks(audio: RecordingEncoder, text: HfText, model: Any) -> DualEncoder:
    """Both encoders as one network: recordings in the windows that the audio encoder hears.

    Args:
        audio: an encoder with a network that can be trained: passt or hf.
        text: of captions.
        model: the projections.

    Raises:
        ZsAudioError: the audio encoder has no such network.
    """
    network = getattr(audio, "network", None)
    if network is None:
        raise ZsAudioError(f"audio encoder {audio.metadata['encoder']}: cannot be fine-tuned; take passt or hf")
    return DualEncoder(Windows(network, audio.rate, audio.seconds), text.network, model)


def save_finetuned(folder: Path, encoder: DualEncoder, config: Config) -> None:
    """Write a model folder, whole or not at all.

    Args:
        folder: where to; what is there is replaced.
        encoder: the trained networks.
        config: of the model; its encoders become those of the folder.

    Raises:
        ZsAudioError: a file cannot be written.
    """
    network = encoder.audio.network
    with replacing_folder(folder) as partial:
        if isinstance(network, HfSounds):
            network.save(partial / AUDIO)
            audio = {"model": AUDIO, "branch": "", "revision": fingerprint(network.network)}
        else:
            weights = partial / AUDIO_WEIGHTS / "weights.safetensors"
            weights.parent.mkdir(parents=True)
            write_tensors(weights, network.state_dict())
            audio = {"weights": f"{AUDIO_WEIGHTS}/weights.safetensors", "weights_sha256": sha256(weights)}
        encoder.text.save(partial / TEXT)
        text = {"model": TEXT, "branch": "", "revision": fingerprint(encoder.text.network, UNUSED)}
        save_model(
            partial,
            {name: tensor.detach().cpu().numpy()[None] for name, tensor in encoder.model.state_dict().items()},
            config.model_copy(update={"audio": config.audio | audio, "text": config.text | text}),
        )
        write_checksums(partial, [WEIGHTS, CONFIG, *names_below(partial, ENCODERS)])


def read_finetuned(folder: Path, device: str) -> tuple[DualEncoder, Config]:
    """The networks of a model folder that `save_finetuned` has written, and its config.

    Args:
        folder: of the model.
        device: where the networks run, as torch names it.

    Raises:
        ZsAudioError: a file is missing or altered, or the model was not fine-tuned.
    """
    config = read_model(folder)
    audio, told = (encoder_files(folder, kind, getattr(config, kind)) for kind in ("audio", "text"))
    text = encoder_of(told)
    if config.text.get("model") != TEXT or not isinstance(text, HfText):
        raise ZsAudioError(f"{folder}: its encoders were not fine-tuned; name a model whose were")
    encoder = encoder_of_networks(recording_encoder(audio), text, read_models(folder, config).model(0))
    return encoder.to(device), config
