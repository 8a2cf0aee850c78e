"""A trained model as a folder to publish: weights, config, the encoders' files without an address, and a model card."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from zsaudio.audio.passt import published_weights
from zsaudio.audio.published_weights import locate
from zsaudio.audio.vggish_files import PCA_KNOB, VGGISH
from zsaudio.errors import ZsAudioError
from zsaudio.inference.encoder_files import encoder_files
from zsaudio.inference.model_card import licence_of, model_card
from zsaudio.models.model_folder import (
    CONFIG,
    ENCODERS,
    FILES,
    WEIGHTS,
    read_model,
    save_model,
    write_checksums,
)
from zsaudio.pretrained import hub
from zsaudio.storage.downloads import default_mirror, mirror_folder
from zsaudio.storage.files import names_below, replacing_folder, sha256, write_text

CARD = "README.md"


def export(
    folder: Path,
    to: Path | None = None,
    *,
    licence: str | None = None,
    encoders: bool = False,
    mirror: str | None = None,
) -> Path:
    """Write a folder that holds a model and can be published as it is: `zsaudio.load` reads it anywhere.

    Encoders that have a public address are named in config.json by it, with the hash of their weights; those that are
    only files here (a local BERT, word vectors, VGGish's or PaSST's weights from a path) are copied into encoders/.

    Args:
        folder: a trained and evaluated model.
        to: the folder to write; must not exist or be empty. None: CORPUS-MODEL-SETTING here.
        licence: of the weights, by its SPDX name; None: that of the corpus.
        encoders: copy those with a public address too, so that nothing is fetched later.
        mirror: a folder or base URL where they are looked for first; None: AUDIOSET_MIRROR in the environment.

    Returns:
        The folder that was written.

    Raises:
        ZsAudioError: the model is not whole, an encoder's file cannot be downloaded or lies outside of a folder that
            was not trained here, or `to` is in use.
    """
    mirror = mirror or default_mirror()
    config = read_model(folder)
    if config.of_captions:
        raise ZsAudioError(
            f"{folder}: finds recordings by captions, and a card is written of models that predict labels alone; copy "
            "the folder, which `zsaudio index --model` takes as it is"
        )
    if config.decision is None:
        raise ZsAudioError(f"{folder}: is not evaluated yet; export data/CORPUS/models/MODEL/SETTING")
    to = to or Path(f"{config.corpus}-{config.variant.name}-{config.setting}")
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise ZsAudioError(f"{to}: is there already; name a new folder")
    # Addresses stay addresses, unless the user asks for copies.
    encodings = [encoder_files(folder, kind, getattr(config, kind), fetch=True) for kind in ("audio", "text")]
    with replacing_folder(to) as partial:
        audio, text = (
            _with_files(partial, kind, encoding, encoders, mirror)
            for kind, encoding in zip(("audio", "text"), encodings, strict=True)
        )
        config = config.model_copy(update={"audio": audio, "text": text})
        save_model(partial, folder / WEIGHTS, config)
        write_checksums(partial, [WEIGHTS, CONFIG, *names_below(partial, ENCODERS)])
        write_text(partial / CARD, model_card(config, licence or licence_of(config.corpus)))
    return to


def _with_files(
    folder: Path, kind: str, encoding: Mapping[str, str], every: bool, mirror: str | None
) -> dict[str, str]:
    """Metadata of an encoder whose files, those without an address or `every` one, are copied into the folder.

    They are called as the arguments of `zsaudio.load` are: audio_weights, text_model.
    """
    copied = dict(encoding)
    for name in FILES & encoding.keys():
        if not every and not Path(encoding[name]).is_absolute():  # an address or a hub name
            continue
        path, place = _locate(name, encoding, mirror), f"{ENCODERS}/{kind}_{name}"
        if not (path.is_dir() or path.is_file()):
            raise ZsAudioError(f"{path}: there is no such file, and the model's encoder needs it")
        (folder / place).mkdir(parents=True)
        for file in filter(Path.is_file, (path / name for name in hub.FILES) if path.is_dir() else [path]):
            shutil.copyfile(file, folder / place / (file.name if path.is_dir() else f"{name}{file.suffix}"))
        copied[name] = place if path.is_dir() else f"{place}/{name}{path.suffix}"
        if f"{name}_sha256" in encoding:  # weights may be copied in another form than they were published in
            copied[f"{name}_sha256"] = sha256(path)
    return copied


def _locate(name: str, encoding: Mapping[str, str], mirror: str | None) -> Path:
    if name == "model":
        return hub.locate(encoding["encoder"], encoding["model"], encoding["branch"], mirror_folder(mirror))
    if name == "vectors":
        return Path(encoding["vectors"])
    kind, _, model = encoding["encoder"].partition(":")
    published = published_weights(model) if kind == "passt" else VGGISH
    knob = published.knob if name == "weights" else PCA_KNOB
    path, checksum = locate(knob, encoding[name], mirror, encoding.get(f"{name}_sha256", ""))
    return published.as_safetensors(path, checksum) if name == "weights" else path
