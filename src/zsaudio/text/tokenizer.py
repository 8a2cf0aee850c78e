"""The tokenizer of a pretrained model, any file of which may be damaged."""

from typing import Any

from torch import nn

from zsaudio.pretrained.hub import TOKENIZER, TOKENIZER_CONFIG, VOCABULARY, WEIGHTS
from zsaudio.pretrained.networks import LOCAL, Pretrained

LONG = "a " * 2000  # a text that is longer than networks take


def read_tokenizer(pretrained: Pretrained, network: Any) -> Any:
    """Read a tokenizer that cuts texts to what the network takes.

    Raises:
        ZsAudioError: a file is missing or damaged, or does not fit the network; the message names the file.
    """
    import transformers

    folder = pretrained.path
    with pretrained.reading(TOKENIZER):
        if (folder / TOKENIZER).exists() or not (folder / VOCABULARY).exists():
            import tokenizers

            pretrained.json(TOKENIZER)
            tokenizers.Tokenizer.from_file(str(folder / TOKENIZER)).encode(LONG)
    with pretrained.reading(TOKENIZER_CONFIG):
        pretrained.json(TOKENIZER_CONFIG)
        # From the folder: a tokenizer that is made from vocab.txt alone maps every word to [UNK].
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **LOCAL)
        longest = getattr(network.config, "max_position_embeddings", tokenizer.model_max_length) - _before(network)
        tokenizer.model_max_length = min(tokenizer.model_max_length, longest)
        ids = tokenizer(["", LONG], padding=True, truncation=True)["input_ids"]
        if len(ids[1]) > longest:
            raise ValueError(f"texts are not cut to the {longest:,} pieces that the network takes")
        highest, rows = max(tokenizer.get_vocab().values()), network.get_input_embeddings().num_embeddings
        if highest >= rows:
            raise ValueError(f"the tokenizer has a piece of number {highest:,}, and {WEIGHTS} those below {rows:,}")
    return tokenizer


def _before(network: Any) -> int:
    """Positions that no piece has: RoBERTa, and with it CLAP, counts from the one after that of the padding."""
    for name, layer in network.named_modules():
        if name.endswith("position_embeddings") and isinstance(layer, nn.Embedding):
            return 0 if layer.padding_idx is None else layer.padding_idx + 1
    return 0
