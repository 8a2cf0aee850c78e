"""Model folders as the pipeline leaves them, without a pipeline: drawn weights, real encoders that need no files."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from builders import CLASSES, CPU, VARIANTS
from zsaudio.audio.logmel import LogMel
from zsaudio.models.model_folder import Config, Decision, StoredClass, StoredMember, save_model
from zsaudio.models.variant import Variant
from zsaudio.text.vectors import Vectors
from zsaudio.text.words import Words
from zsaudio.training.stacked import draw_models

METRICS = {
    name: value
    for metric in ("macro_f1", "map", "micro_f1")
    for name, value in ((metric, 0.25), (f"{metric}_std", 0.01))
}


def model_config(
    variant: str | Variant = "temporal_attention",
    runs: int = 2,
    gamma: float = 0.5,
    audio: Mapping[str, str] | None = None,
    text: Mapping[str, str] | None = None,
    corpus: str = "demo",
    text_features: int = 16,
) -> Config:
    """The config of an evaluated model; variants that are not tested by eq. 7 have no gamma.

    Args:
        variant: one of builders.VARIANTS by its name, or any.
        runs: how many; a cross-validation has three parts in each.
        gamma: of eq. 7.
        audio, text: metadata of the encoders.
        corpus: its name.
        text_features: F_s.
    """
    variant = VARIANTS[variant] if isinstance(variant, str) else variant
    zero_shot = variant.task == "zero_shot"
    members = [
        StoredMember(run=run, seed=run, part=part) for run in range(runs) for part in range(1 if zero_shot else 3)
    ]
    roles = {"train": "fold2", "validation": "fold3", "test": "fold1"} if zero_shot else {"test": "fold1"}
    return Config(
        version=4,
        variant=variant,
        setting="setting1",
        corpus=corpus,
        members=members,
        training={"epochs": 1, **variant.knobs},
        spanning="drop",
        audio={"features": "128", "scale": "1", "offset": "0", **(audio or LogMel.metadata), "segments": "10"},
        text=dict(text or Words(16).metadata),
        text_features=text_features,
        roles=roles,
        classes={
            fold: [
                StoredClass(mid=name, name=name, description=f"What {name} is.", path=name, parents="", below=below)
                for below, name in enumerate(CLASSES[fold])
            ]
            for fold in roles.values()
        },
        decision=Decision(
            title=variant.name.replace("_", " ").capitalize(),
            gamma=gamma if variant.fused else None,
            thresholds=[float(number) for number in range(len(members))],
            metrics=METRICS,
            validation_map=0.3,
        ),
    )


def drawn_weights(config: Config) -> dict[str, np.ndarray]:
    """Weights that each member would begin its training with, stacked."""
    seeds = [(member.seed, member.part) for member in config.members]
    audio_features = int(config.audio["features"])
    models = draw_models(config.variant, config.training, audio_features, config.text_features, seeds, CPU)
    return {name: tensor.numpy() for name, tensor in models.weights.items()}


def write_model(folder: Path, config: Config | None = None) -> Path:
    """Write a model folder with drawn weights."""
    config = config or model_config()
    save_model(folder, drawn_weights(config), config)
    return folder


def write_trained(project: Path, config: Config) -> Path:
    """Write a model folder where the pipeline leaves it, in a project that has its corpus's embeddings, too."""
    corpus = project / "data" / config.corpus
    corpus.mkdir(parents=True)
    for kind in ("audio", "text"):
        pq.write_table(pa.table({}).replace_schema_metadata(getattr(config, kind)), corpus / f"{kind}.parquet")
    return write_model(corpus / "models" / config.variant.name / config.setting, config)


def write_with_vectors(project: Path, revision: str | None = None) -> Path:
    """Write a model that was trained in a project, with vectors of the words of its classes in its vectors.txt."""
    table = project / "vectors.txt"
    words = sorted(
        {word.lower() for names in CLASSES.values() for name in names for word in name.replace(",", "").split()}
    )
    table.write_text("dog 1 2\nrain 3 4\n" + "".join(f"{word} {k} 1\n" for k, word in enumerate(words)))
    metadata = dict(Vectors(table).metadata)
    metadata |= {"revision": revision or metadata["revision"]}
    return write_trained(project, model_config(text=metadata, text_features=2))
