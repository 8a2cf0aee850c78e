"""Model folders as the pipeline leaves them, without a pipeline: drawn weights, real encoders."""

from pathlib import Path

import numpy as np

from zsaudio.audio.logmel import LogMel
from zsaudio.models.model_folder import ClassName, Config, Decision, Member, save_model
from zsaudio.tasks.settings import MODELS
from zsaudio.learning.model import initial_weights
from zsaudio.text.words import Words

CLASSES = {
    "fold1": ["Low hum", "Bird song, call"],
    "fold2": ["High buzz", "Rattle"],
    "fold3": ["Hiss", "High siren"],
}
METRICS = {
    name: value
    for metric in ("macro_f1", "map", "micro_f1")
    for name, value in ((metric, 0.25), (f"{metric}_std", 0.01))
}


def model_config(
    model: str = "temporal_attention",
    runs: int = 2,
    gamma: float = 0.5,
    audio: dict[str, str] | None = None,
    text: dict[str, str] | None = None,
    corpus: str = "demo",
) -> Config:
    parts = 3 if MODELS[model].supervised else 1
    members = [Member(run=run, seed=run, part=part) for run in range(runs) for part in range(parts)]
    thresholds = [float(i) for i in range(len(members))]
    return Config(
        model=model,
        setting="setting1",
        corpus=corpus,
        aggregation=MODELS[model].aggregation,
        members=members,
        training={"epochs": 1},
        spanning="drop",
        audio={**(audio or LogMel.facts), "segments": "10"},
        text=text or dict(Words(16).facts),
        folds={"train": "fold2", "validation": "fold3", "test": "fold1"},
        classes={
            fold: [ClassName(mid=name, name=name, description=f"What {name} is.") for name in names]
            for fold, names in CLASSES.items()
        },
        decision=Decision(gamma=gamma, thresholds=thresholds, metrics={**METRICS, "threshold": 0.5}),
    )


def drawn_weights(config: Config, audio_features: int = 128, text_features: int = 16) -> dict[str, np.ndarray]:
    seeds = [(member.seed, member.part) for member in config.members]
    return {name: t.numpy() for name, t in initial_weights(audio_features, text_features, seeds).tensors().items()}


def write_model(folder: Path, config: Config | None = None, text_features: int = 16, audio_features: int = 128) -> Path:
    config = config or model_config()
    save_model(folder, drawn_weights(config, audio_features, text_features), config)
    return folder
