"""Which files of encoders a model folder may name: one from elsewhere reaches neither out of itself nor to the web."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from zsaudio.audio import google_vggish, passt
from zsaudio.errors import ZsAudioError
from zsaudio.models.model_folder import CONFIG, ENCODERS, FILES
from zsaudio.pretrained.hub import PINNED
from zsaudio.storage import tables
from zsaudio.storage.values import shown

# Named by this package itself.
PUBLIC = frozenset({google_vggish.WEIGHTS, google_vggish.PCA, *passt.WEIGHTS.values(), *PINNED})
HUB_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")


def encoder_files(
    folder: Path, kind: str, encoding: Mapping[str, str], given: Collection[str] = (), *, fetch: bool = False
) -> dict[str, str]:
    """Metadata of an encoder, with the full paths of the files that the model folder itself holds.

    Files elsewhere and addresses are those of `PUBLIC`, or of the corpus that the model was trained on here: its
    folder is data/CORPUS/models/MODEL/SETTING below the working directory, and the corpus's embeddings name the same.

    Args:
        folder: of the model.
        kind: of the encoder: audio or text.
        encoding: its metadata in config.json.
        given: names of files that the user has named instead.
        fetch: the user allows other addresses, too.

    Raises:
        ZsAudioError: a file lies outside, or would be fetched.
    """
    files = dict(encoding)
    known = PUBLIC | _of_its_corpus(folder, kind)
    for name in FILES & encoding.keys() - set(given):
        place = encoding[name]
        where = f"{folder / CONFIG}: {kind}.{name}"
        is_address = place.startswith("https://") or (name == "model" and HUB_NAME.fullmatch(place) is not None)
        if place.startswith(f"{ENCODERS}/"):
            files[name] = str(folder / place)
            inside = (folder / ENCODERS).resolve()
            path = folder / place
            if any(not file.resolve().is_relative_to(inside) for file in (path, *path.rglob("*"))):
                raise ZsAudioError(
                    f"{where}: {shown(place)} leads out of the folder; get the model from another source"
                )
        elif place in known or (fetch and is_address):
            continue
        elif is_address:
            raise ZsAudioError(f"{where}: {shown(place)} would be fetched; allow it by fetch=True (--fetch)")
        else:
            raise ZsAudioError(f"{where}: {shown(place)} lies outside of the folder, and it was not trained here")
    return files


def _of_its_corpus(folder: Path, kind: str) -> frozenset[str]:
    parents = folder.resolve().parents
    if len(parents) < 4 or parents[3] != Path.cwd() / "data":
        return frozenset()
    # data/CORPUS/models/MODEL/SETTING, or data/CORPUS/retrieval/models/MODEL, which has texts of its own.
    found = [table for of in (parents[1], parents[2]) if (table := of / f"{kind}.parquet").is_file()]
    places = [place for table in found for name, place in tables.file_metadata(table).items() if name in FILES]
    return frozenset(places) | {str(Path(place).resolve()) for place in places}
