"""BERT embeddings of class labels (section 3.3), from any Hugging Face encoder of its family."""

import hashlib
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from zsaudio.errors import ZsAudioError
from zsaudio.text.bert_folder import FILES, UNUSED, read_folder
from zsaudio.text.wording import Label, split_words

# Commits on the hub that are read where none is asked for: a branch may change.
PINNED = {
    "bert-base-uncased": "86b5e0934494bd15c9632b12f734a8a67f723594",
    "sentence-transformers/all-MiniLM-L6-v2": "c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
}
MAIN = "main"


class Pooling(StrEnum):
    """How a label becomes one vector. Means leave out special tokens and padding."""

    WORDS = "words"  # the paper's: each word on its own, mean over its pieces, then over the words
    LABEL = "label"  # the whole label as one sequence, mean over its pieces
    CLS = "cls"  # the whole label as one sequence, the vector of [CLS]
    DESCRIPTION = "description"  # label and the ontology's description as one sequence, mean over its pieces


class Bert:
    """The last hidden layer of a BertModel, without its pooler. The batch size changes no more than rounding."""

    def __init__(
        self,
        model: str,
        revision: str | None = None,
        pooling: str = Pooling.WORDS,
        batch_size: int = 64,
        mirror: Path | None = None,
        device: str = "cpu",
    ) -> None:
        """Load tokenizer and weights.

        Args:
            model, revision, mirror: where the model is, see `locate`.
            pooling: a `Pooling`.
            batch_size: texts per forward pass.
            device: where the network runs, as torch names it.

        Raises:
            ZsAudioError: the model cannot be loaded.
        """
        folder = locate(model, revision, mirror)
        self._model, self._tokenizer = read_folder(model, folder)
        self._pooling, self._batch_size = Pooling(pooling), batch_size
        self.metadata = {
            "encoder": f"bert:{_public_name(model)}",
            "revision": _fingerprint(self._model),
            "pooling": self._pooling.value,
            "model": model,
            "branch": "" if Path(model).is_dir() else folder.name,
        }
        self._device = torch.device(device)
        self._model.to(self._device)

    def encode(self, labels: Sequence[Label]) -> npt.NDArray[np.float32]:
        """See `TextEncoder.encode`."""
        if self._pooling == Pooling.WORDS:
            label_words = [split_words(label.name) for label in labels]
            vocabulary = sorted({word for words in label_words for word in words})
            vectors = dict(zip(vocabulary, self._embed(vocabulary), strict=True))
            return np.stack([np.mean([vectors[word] for word in words], axis=0) for words in label_words])
        texts = [label.name for label in labels]
        if self._pooling == Pooling.DESCRIPTION:
            texts = [label.sentence("description") for label in labels]
        return self._embed(texts)

    def encode_sentences(self, sentences: Sequence[str]) -> npt.NDArray[np.float32]:
        """See `TextEncoder.encode_sentences`: the mean over the pieces, or the vector of [CLS] where that is pooled."""
        return self._embed(list(sentences))

    @torch.inference_mode()
    def _embed(self, texts: list[str]) -> npt.NDArray[np.float32]:
        """Embed texts, a sequence each: (len(texts), F_s)."""
        # Texts of similar length share a batch, so that little is padded.
        order = np.argsort([len(text) for text in texts], kind="stable")
        options = {"padding": True, "truncation": True, "return_tensors": "pt", "return_special_tokens_mask": True}
        pooled = []
        for start in range(0, len(texts), self._batch_size):
            part = [texts[i] for i in order[start : start + self._batch_size]]
            batch = self._tokenizer(part, **options)
            content = (batch.pop("special_tokens_mask") == 0) & (batch["attention_mask"] == 1)
            # A tokenizer without a token for unknown pieces has None there, which equals no id.
            known = (content & (batch["input_ids"] != self._tokenizer.unk_token_id)).any(1).tolist()
            if not all(known):
                raise ZsAudioError(
                    f"{self.metadata['encoder']}: the tokenizer knows no piece of {part[known.index(False)]!r}. Reword "
                    "the label, or check that the files of the tokenizer are complete."
                )
            hidden = self._model(**batch.to(self._device)).last_hidden_state
            if self._pooling == Pooling.CLS:
                pooled.append(hidden[:, 0])
            else:
                weight = content[..., None].to(hidden)
                pooled.append((hidden * weight).sum(1) / weight.sum(1))
        embeddings: npt.NDArray[np.float32] = torch.cat(pooled).cpu().numpy()[np.argsort(order)]
        return embeddings


def locate(model: str, revision: str | None = None, mirror: Path | None = None) -> Path:
    """The folder of a model: a local folder, else one in the mirror, else a download from the hub, which is cached.

    The last two are named after the revision; of the hub's, after its commit.

    Args:
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
            f"text.bert.model: {model!r} is no folder here and could not be downloaded from the hub "
            f"({type(error).__name__}). Name a folder that holds the model, or try again with a network."
        ) from error


def _public_name(model: str) -> str:
    """The hub name; for a folder its own name, in a mirror without resolve/REVISION."""
    parts = Path(model).parts
    if Path(model).is_dir():
        return parts[-3] if len(parts) > 2 and parts[-2] == "resolve" else Path(model).resolve().name
    return model


def _fingerprint(model: Any) -> str:
    """A hash of the weights, wherever they come from."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        if not name.startswith(UNUSED):
            digest.update(name.encode() + tensor.numpy().tobytes())
    return f"sha256:{digest.hexdigest()[:12]}"
