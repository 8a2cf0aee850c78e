"""Embeddings of class labels by the text models of the transformers library: BERT (section 3.3), CLAP's, others."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from zsaudio.errors import ZsAudioError
from zsaudio.pretrained.hub import CONFIG, TOKENIZER, TOKENIZER_CONFIG, VOCABULARY, WEIGHTS
from zsaudio.pretrained.networks import Pretrained, fingerprint, read_network, save_network
from zsaudio.text.tokenizer import read_tokenizer
from zsaudio.text.wording import Label, split_words

FILES = (CONFIG, TOKENIZER, TOKENIZER_CONFIG, VOCABULARY, WEIGHTS)
UNUSED = "pooler."  # prefix of weights that do not change the last hidden layer, and that some models lack


class TextPooling(StrEnum):
    """How a label becomes one vector. Means leave out special tokens and padding.

    A model that projects texts into a space that they share with sounds (CLAP) has a vector of its own for a sequence.
    It takes the place of the mean and of [CLS].
    """

    WORDS = "words"  # the paper's: each word on its own, mean over its pieces, then over the words
    LABEL = "label"  # the whole label as one sequence, mean over its pieces
    CLS = "cls"  # the whole label as one sequence, the vector of [CLS]
    DESCRIPTION = "description"  # label and the ontology's description as one sequence, mean over its pieces


class HfText:
    """The last hidden layer of an encoder, or what CLAP's text tower projects from it (text_embeds, any length).

    The batch size changes no more than rounding.
    """

    def __init__(
        self,
        model: str,
        revision: str | None = None,
        pooling: str = TextPooling.WORDS,
        batch_size: int = 64,
        mirror: Path | None = None,
        device: str = "cpu",
        name: str = "hf",
        knob: str | None = None,
        max_tokens: int | None = None,
    ) -> None:
        """Load tokenizer and weights.

        Args:
            model, revision, mirror: where the model is, see `zsaudio.pretrained.hub.locate`.
            pooling: a `TextPooling`.
            batch_size: texts per forward pass.
            device: where the network runs, as torch names it.
            name: of the encoder, in its metadata: hf, or bert, the paper's.
            knob: the param that names the model, for messages; None: text.NAME.model.
            max_tokens: pieces after which a text is cut, special ones among them; None: what the network takes.

        Raises:
            ZsAudioError: the model cannot be loaded.
        """
        pretrained = Pretrained.located(knob or f"text.{name}.model", model, revision, mirror, FILES)
        network = read_network(pretrained, "Text", UNUSED)
        with pretrained.reading(CONFIG), torch.inference_mode():
            outputs = network(torch.zeros(1, 2, dtype=torch.long))
            hidden = outputs["text_embeds"] if "text_embeds" in outputs else outputs["last_hidden_state"]
        with pretrained.reading(WEIGHTS):
            if not torch.isfinite(hidden).all():
                raise ValueError("its numbers are so large that the network overflows")
        tokenizer = read_tokenizer(pretrained, network)
        if max_tokens is not None:
            tokenizer.model_max_length = min(tokenizer.model_max_length, max_tokens)
        self._pooling, self._batch_size = TextPooling(pooling), batch_size
        self.metadata = {
            "encoder": f"{name}:{pretrained.name}",
            "revision": fingerprint(network, UNUSED),
            "pooling": self._pooling.value,
            "architecture": network.config.model_type,
            **({} if max_tokens is None else {"max_tokens": str(max_tokens)}),
            **pretrained.metadata,
        }
        self.network = HfSentences(network, tokenizer, self._pooling, pretrained).to(torch.device(device))

    def encode(self, labels: Sequence[Label]) -> npt.NDArray[np.float32]:
        """See `TextEncoder.encode`."""
        if self._pooling == TextPooling.WORDS:
            label_words = [split_words(label.name) for label in labels]
            vocabulary = sorted({word for words in label_words for word in words})
            vectors = dict(zip(vocabulary, self._embed(vocabulary), strict=True))
            return np.stack([np.mean([vectors[word] for word in words], axis=0) for words in label_words])
        texts = [label.name for label in labels]
        if self._pooling == TextPooling.DESCRIPTION:
            texts = [label.sentence("description") for label in labels]
        return self._embed(texts)

    def encode_sentences(self, sentences: Sequence[str]) -> npt.NDArray[np.float32]:
        """See `TextEncoder.encode_sentences`: pooled over its pieces like a whole label."""
        return self._embed(list(sentences))

    @torch.inference_mode()
    def _embed(self, texts: list[str]) -> npt.NDArray[np.float32]:
        """Embed texts, a sequence each: (len(texts), F_s)."""
        # Texts of similar length share a batch, so that little is padded.
        order = np.argsort([len(text) for text in texts], kind="stable")
        pooled = []
        for start in range(0, len(texts), self._batch_size):
            part = [texts[i] for i in order[start : start + self._batch_size]]
            pooled.append(self.network(part))
        embeddings: npt.NDArray[np.float32] = torch.cat(pooled).cpu().numpy()[np.argsort(order)]
        return embeddings


class HfSentences(nn.Module):
    """A network of the transformers library behind its tokenizer: texts to vectors, a sequence each."""

    def __init__(self, network: Any, tokenizer: Any, pooling: TextPooling, pretrained: Pretrained) -> None:
        super().__init__()
        self.network = network
        self._tokenizer, self._pooling, self._pretrained = tokenizer, pooling, pretrained

    def tokens(self, texts: Sequence[str]) -> tuple[Any, Tensor]:
        """Texts as the network takes them, and which of their pieces `[B, pieces]` are neither special nor padding.

        Raises:
            ZsAudioError: the tokenizer knows no piece of a text.
        """
        options = {"padding": True, "truncation": True, "return_tensors": "pt", "return_special_tokens_mask": True}
        batch = self._tokenizer(list(texts), **options)
        content = (batch.pop("special_tokens_mask") == 0) & (batch["attention_mask"] == 1)
        # A tokenizer without a token for unknown pieces has None there, which equals no id.
        known = (content & (batch["input_ids"] != self._tokenizer.unk_token_id)).any(1).tolist()
        if not all(known):
            raise ZsAudioError(
                f"{self._pretrained.name}: the tokenizer knows no piece of {texts[known.index(False)]!r}. Reword "
                "the text, or check that the files of the tokenizer are complete."
            )
        return batch.to(self.network.device), content

    def forward(self, texts: Sequence[str]) -> Tensor:
        """Texts to `[B, F_s]`.

        Raises:
            ZsAudioError: the tokenizer knows no piece of a text.
        """
        batch, content = self.tokens(texts)
        outputs = self.network(**batch)
        if "text_embeds" in outputs:
            projected: Tensor = outputs["text_embeds"]
            return projected
        hidden: Tensor = outputs["last_hidden_state"]
        if self._pooling == TextPooling.CLS:
            return hidden[:, 0]
        weight = content[..., None].to(hidden)
        return (hidden * weight).sum(1) / weight.sum(1)

    def save(self, folder: Path) -> None:
        """Write a folder that `HfText` reads as it does the one that this comes from."""
        save_network(self.network, self._pretrained, folder)
