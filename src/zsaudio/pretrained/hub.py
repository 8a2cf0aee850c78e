"""Models of the Hugging Face hub: where a model's folder is, and what it is called."""

from collections.abc import Mapping
from pathlib import Path

from zsaudio.errors import ZsAudioError

CONFIG, WEIGHTS = "config.json", "model.safetensors"
TOKENIZER, TOKENIZER_CONFIG = "tokenizer.json", "tokenizer_config.json"
VOCABULARY = "vocab.txt"  # read where there is no tokenizer.json
EXTRACTOR = "preprocessor_config.json"  # of a model of audio
FILES = (CONFIG, WEIGHTS, TOKENIZER, TOKENIZER_CONFIG, VOCABULARY, EXTRACTOR)  # all that is ever read of a model
# Commits on the hub that are read where none is asked for: a branch may change.
PINNED = {
    "bert-base-uncased": "86b5e0934494bd15c9632b12f734a8a67f723594",
    "sentence-transformers/all-MiniLM-L6-v2": "c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
}
MAIN = "main"


def locate(knob: str, model: str, revision: str | None = None, mirror: Path | None = None) -> Path:
    """The folder of a model: a local folder, else one in the mirror, else a download from the hub, which is cached.

    The last two are named after the revision; of the hub's, after its commit.

    Args:
        knob: the param that names the model, for messages.
        model: folder, or hub name such as "bert-base-uncased".
        revision: branch, tag or commit on the hub; none: the one of PINNED, else the branch main. A mirror that lacks
            the pinned one may have main.
        mirror: a folder that holds https://HOST/PATH at HOST/PATH.

    Raises:
        ZsAudioError: it is in none of these places.
    """
    if Path(model).is_dir():
        return Path(model)
    revisions = [revision] if revision else [PINNED.get(model, MAIN), MAIN]
    if mirror:
        for name in revisions:
            if (mirrored := mirror / "huggingface.co" / model / "resolve" / name).is_dir():
                return mirrored
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        return Path(snapshot_download(model, revision=revisions[0], allow_patterns=list(FILES)))
    except (HfHubHTTPError, HFValidationError, OSError, ValueError) as error:
        raise ZsAudioError(
            f"{knob}: {model!r} is no folder here and could not be downloaded from the hub "
            f"({type(error).__name__}). Name a folder that holds the model, or try again with a network."
        ) from error


def public_name(model: str) -> str:
    """The hub name; for a folder its own name, in a mirror without resolve/REVISION."""
    parts = Path(model).parts
    if Path(model).is_dir():
        return parts[-3] if len(parts) > 2 and parts[-2] == "resolve" else Path(model).resolve().name
    return model


def check_revision(kind: str, expected: Mapping[str, str], actual: Mapping[str, str]) -> None:
    """Compare an encoder, by its metadata, with the one that a model was trained with.

    Raises:
        ZsAudioError: their revisions differ.
    """
    if actual["revision"] != expected["revision"]:
        raise ZsAudioError(
            f"{kind} encoder: the revision of {expected['encoder']} is {actual['revision']}, but the model was trained "
            f"with {expected['revision']}. Name the one that it was trained with."
        )
