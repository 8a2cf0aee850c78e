"""The network and the tokenizer in a folder of the model hub's form, any file of which may be damaged."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from zsaudio.errors import ZsAudioError
from zsaudio.storage.values import shown

CONFIG, WEIGHTS, TOKENIZER, TOKENIZER_CONFIG = (
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
)
VOCABULARY = "vocab.txt"  # read where there is no tokenizer.json
FILES = (CONFIG, TOKENIZER, TOKENIZER_CONFIG, VOCABULARY, WEIGHTS)
UNUSED = "pooler."  # prefix of weights that do not change the last hidden layer, and that some models lack
LAYERS = 1000  # of a network, at most: building more takes minutes and gigabytes
LONG = "a " * 2000  # a text that is longer than networks take


def read_folder(model: str, folder: Path) -> tuple[Any, Any]:
    """Read network and tokenizer.

    Args:
        model: what messages call it.
        folder: where the files are.

    Raises:
        ZsAudioError: a file is missing or damaged, or the files do not fit together; the message names the file.
    """
    import transformers

    logging: Any = transformers.utils.logging
    networks: Any = transformers.AutoModel
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    local = {"local_files_only": True, "trust_remote_code": False}
    with _reading(model, CONFIG):
        _refuse_endless(_read_json(folder / CONFIG))
        config = transformers.AutoConfig.from_pretrained(folder, **local)
        with torch.device("meta"):  # takes no memory, whatever the sizes
            asked = _count(networks.from_config(config, trust_remote_code=False))
    with _reading(model, WEIGHTS):
        with safe_open(folder / WEIGHTS, "pt") as file:
            held = sum(torch.Size(file.get_slice(name).get_shape()).numel() for name in file.keys())  # noqa: SIM118
        if asked > held:
            raise ValueError(f"it holds {held:,} numbers, and config.json asks for {asked:,}")
        network, info = networks.from_pretrained(
            folder,
            config=config,
            dtype=torch.float32,
            use_safetensors=True,
            ignore_mismatched_sizes=True,  # they are refused below
            output_loading_info=True,
            **local,
        )
        _refuse_others(network, info)
    with _reading(model, CONFIG), torch.inference_mode():
        hidden = network.eval()(torch.zeros(1, 2, dtype=torch.long)).last_hidden_state
    with _reading(model, WEIGHTS):
        if not torch.isfinite(hidden).all():
            raise ValueError("its numbers are so large that the network overflows")
    with _reading(model, TOKENIZER):
        if (folder / TOKENIZER).exists() or not (folder / VOCABULARY).exists():
            import tokenizers

            _read_json(folder / TOKENIZER)
            tokenizers.Tokenizer.from_file(str(folder / TOKENIZER)).encode(LONG)
    with _reading(model, TOKENIZER_CONFIG):
        _read_json(folder / TOKENIZER_CONFIG)
        # From the folder: a tokenizer that is made from vocab.txt alone maps every word to [UNK].
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **local)
        longest = getattr(config, "max_position_embeddings", tokenizer.model_max_length)
        tokenizer.model_max_length = min(tokenizer.model_max_length, longest)
        ids = tokenizer(["", LONG], padding=True, truncation=True)["input_ids"]
        if len(ids[1]) > longest:
            raise ValueError(f"texts are not cut to the {longest:,} pieces that the network takes")
        highest, rows = max(tokenizer.get_vocab().values()), network.get_input_embeddings().num_embeddings
        if highest >= rows:
            raise ValueError(f"the tokenizer has a piece of number {highest:,}, and {WEIGHTS} those below {rows:,}")
    return network, tokenizer


@contextmanager
def _reading(model: str, file: str) -> Iterator[None]:
    """Turn whatever a damaged file makes the libraries raise into one sentence."""
    try:
        yield
    except Exception as error:  # transformers and tokenizers raise errors of any kind, Exception itself among them
        reason = (" ".join(str(error).split()) or type(error).__name__)[:300].rstrip(".")
        raise ZsAudioError(
            f"text.bert.model: {model!r} cannot be loaded: {file}: {reason}. It needs {', '.join(FILES)}."
        ) from error


def _read_json(path: Path) -> dict[str, Any]:
    values = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(values, dict):
        raise ValueError("holds no JSON object")
    return values


def _refuse_endless(config: dict[str, Any]) -> None:
    """Each kind of model has a name of its own for the number of its layers."""
    for name, value in config.items():
        if "layer" in name and isinstance(value, (int, float)) and value > LAYERS:
            raise ValueError(f"{name}: expected at most {LAYERS:,}, got {shown(value)}")


def _count(network: torch.nn.Module) -> int:
    """How many numbers the network needs from its file."""
    return sum(tensor.numel() for name, tensor in network.named_parameters() if not name.startswith(UNUSED))


def _refuse_others(network: Any, info: dict[str, Any]) -> None:
    """Refuse weights that are not those of the config, in whose place transformers would draw some at random."""
    hint = "the two files belong to different models; download both again"
    absent = sorted(key for key in info["missing_keys"] if not key.startswith(UNUSED))
    if absent:
        raise ValueError(f"lacks {len(absent)} of the weights that config.json asks for, such as {absent[0]}; {hint}")
    for name, shape, expected in sorted(info["mismatched_keys"]):
        raise ValueError(f"{name} has the shape {tuple(shape)}, and config.json asks for {tuple(expected)}; {hint}")
    inner = {name for name, _ in network.named_children()}
    for name in sorted(info["unexpected_keys"]):
        part = name.removeprefix(f"{network.base_model_prefix}.").split(".")[0]
        if part in inner and name.endswith((".weight", ".bias")) and not name.startswith(UNUSED):
            raise ValueError(f"has weights that config.json does not ask for, such as {name}; {hint}")
    for name, tensor in network.state_dict().items():
        if not torch.isfinite(tensor).all():
            raise ValueError(f"{name} holds NaN or infinity")
