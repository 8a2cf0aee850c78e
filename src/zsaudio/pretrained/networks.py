"""Networks of the transformers library, read from a folder of the hub's form, any file of which may be damaged.

Weights are read from safetensors alone, and code that lies in a folder is never run.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from zsaudio.errors import ZsAudioError
from zsaudio.pretrained.hub import CONFIG, WEIGHTS, locate, public_name
from zsaudio.storage.values import shown

LAYERS = 1000  # of a network, at most: building more takes minutes and gigabytes
LOCAL: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}  # how all of a folder is read


@dataclass(frozen=True)
class Pretrained:
    """A folder with a pretrained model.

    Attributes:
        knob: the param that names it, such as text.bert.model.
        model: folder or hub name, as given.
        path: where the files are.
        needs: names of the files that it must have.
    """

    knob: str
    model: str
    path: Path
    needs: tuple[str, ...]

    @classmethod
    def located(
        cls, knob: str, model: str, revision: str | None, mirror: Path | None, needs: tuple[str, ...]
    ) -> "Pretrained":
        """The folder that `zsaudio.pretrained.hub.locate` finds."""
        return cls(knob, model, locate(knob, model, revision, mirror), needs)

    @property
    def metadata(self) -> dict[str, str]:
        """What finds it again: the model as given, and the commit on the hub; a folder has none."""
        return {"model": self.model, "branch": "" if Path(self.model).is_dir() else self.path.name}

    @property
    def name(self) -> str:
        """What to call it."""
        return public_name(self.model)

    @contextmanager
    def reading(self, file: str) -> Iterator[None]:
        """Turn whatever a damaged file makes the libraries raise into one sentence, a ZsAudioError."""
        try:
            yield
        except Exception as error:  # transformers and tokenizers raise errors of any kind, Exception itself among them
            reason = (" ".join(str(error).split()) or type(error).__name__)[:300].rstrip(".")
            raise ZsAudioError(
                f"{self.knob}: {self.model!r} cannot be loaded: {file}: {reason}. It needs {', '.join(self.needs)}."
            ) from error

    def json(self, file: str) -> dict[str, Any]:
        """Content of a JSON file of the folder; a ValueError if it is no object."""
        values = json.loads((self.path / file).read_text(encoding="utf-8"))
        if not isinstance(values, dict):
            raise ValueError("holds no JSON object")
        return values


def read_network(pretrained: Pretrained, tower: str, unused: str = "") -> Any:
    """Read a network, in float32 and for inference.

    Args:
        pretrained: where.
        tower: "Text" or "Audio": of a model that compares the two, such as CLAP, this part with its projection.
        unused: prefix of weights that are not used, and that the file may lack; empty: none.

    Raises:
        ZsAudioError: a file is missing or damaged, or the files do not fit together; the message names the file.
    """
    import transformers

    logging: Any = transformers.utils.logging
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    folder = pretrained.path
    with pretrained.reading(CONFIG):
        _refuse_endless(pretrained.json(CONFIG))
        config = transformers.AutoConfig.from_pretrained(folder, **LOCAL)
        made_by, config = _network_class(config, tower)
        with torch.device("meta"):  # takes no memory, whatever the sizes
            asked = _count(made_by(config), unused)
    with pretrained.reading(WEIGHTS):
        if not (folder / WEIGHTS).exists():
            raise ValueError("there is no such file, and no pickle is read; data/README.md says how to convert one")
        with safe_open(folder / WEIGHTS, "pt") as file:
            held = sum(torch.Size(file.get_slice(name).get_shape()).numel() for name in file.keys())  # noqa: SIM118
        if asked > held:
            raise ValueError(f"it holds {held:,} numbers, and config.json asks for {asked:,}")
        network, info = made_by.from_pretrained(
            folder,
            config=config,
            dtype=torch.float32,
            use_safetensors=True,
            ignore_mismatched_sizes=True,  # they are refused below
            output_loading_info=True,
            **LOCAL,
        )
        _refuse_others(network, info, unused)
    return network.eval().requires_grad_(False)


def save_network(network: Any, pretrained: Pretrained, folder: Path) -> None:
    """Write a network whose weights have changed, with the other files of the folder that it was read from.

    Args:
        network: of `read_network`.
        pretrained: where it was read.
        folder: where to; a new one.

    Raises:
        ZsAudioError: a file cannot be written.
    """
    try:
        network.save_pretrained(folder, max_shard_size="1TB")  # one file, as it is read
    except SafetensorError as error:
        raise ZsAudioError(f"{folder}: the weights cannot be written ({error})") from error
    for name in pretrained.needs:
        if name not in (CONFIG, WEIGHTS) and (pretrained.path / name).exists():
            shutil.copyfile(pretrained.path / name, folder / name)


def fingerprint(network: Any, unused: str = "") -> str:
    """A hash of the weights, wherever they come from; without those of the prefix `unused`, if it is not empty."""
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        if not _starts(name, unused):
            digest.update(name.encode() + tensor.numpy().tobytes())
    return f"sha256:{digest.hexdigest()[:12]}"


def _network_class(config: Any, tower: str) -> tuple[Any, Any]:
    """The class of the network that a config describes, or of its tower, and its config."""
    import transformers

    stem = type(config).__name__.removesuffix("Config")
    projecting = getattr(transformers, f"{stem}{tower}ModelWithProjection", None)
    if projecting is not None:
        return projecting, getattr(config, f"{tower.lower()}_config")
    saved = config.architectures or []  # of a tower that was saved by itself: CLAP's, or T5's encoder
    alone = f"{stem}ModelWithProjection"
    if alone in saved and hasattr(transformers, alone):
        return getattr(transformers, alone), config
    encoders: Any = transformers.AutoModelForTextEncoding
    by_itself = type(config) in encoders._model_mapping and encoders._model_mapping[type(config)].__name__ in saved
    models: Any = encoders if config.is_encoder_decoder or by_itself else transformers.AutoModel
    if type(config) not in models._model_mapping:
        raise ValueError(f"{config.model_type} is no encoder that transformers loads without its decoder or head")
    return models._model_mapping[type(config)], config


def _refuse_endless(config: dict[str, Any]) -> None:
    """Each kind of model has a name of its own for the number of its layers; parts of a model have sections."""
    for name, value in config.items():
        if isinstance(value, dict):
            _refuse_endless(value)
        if "layer" in name and isinstance(value, (int, float)) and value > LAYERS:
            raise ValueError(f"{name}: expected at most {LAYERS:,}, got {shown(value)}")


def _starts(name: str, unused: str) -> bool:
    return bool(unused) and name.startswith(unused)


def _count(network: torch.nn.Module, unused: str) -> int:
    """How many numbers the network needs from its file."""
    return sum(tensor.numel() for name, tensor in network.named_parameters() if not _starts(name, unused))


def _refuse_others(network: Any, info: dict[str, Any], unused: str) -> None:
    """Refuse weights that are not those of the config, in whose place transformers would draw some at random."""
    hint = "the two files belong to different models; download both again"
    absent = sorted(key for key in info["missing_keys"] if not _starts(key, unused))
    if absent:
        raise ValueError(f"lacks {len(absent)} of the weights that config.json asks for, such as {absent[0]}; {hint}")
    for name, shape, expected in sorted(info["mismatched_keys"]):
        raise ValueError(f"{name} has the shape {tuple(shape)}, and config.json asks for {tuple(expected)}; {hint}")
    inner = {name for name, _ in network.named_children()}
    for name in sorted(info["unexpected_keys"]):
        part = name.removeprefix(f"{network.base_model_prefix}.").split(".")[0]
        if part in inner and name.endswith((".weight", ".bias")) and not _starts(name, unused):
            raise ValueError(f"has weights that config.json does not ask for, such as {name}; {hint}")
    for name, tensor in network.state_dict().items():
        if not torch.isfinite(tensor).all():
            raise ValueError(f"{name} holds NaN or infinity")
