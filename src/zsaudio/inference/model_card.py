"""The model card of an exported model: README.md, as model hubs show it."""

import json
import re
from typing import Any

import yaml

from zsaudio.models.model_folder import Config

LICENCES = {"demo": "mit", "audioset": "cc-by-4.0", "audioset_audio": "cc-by-4.0"}
DATA = {
    "demo": "The demo corpus of the project: synthesised clips of ten seconds, in which six kinds of sound overlap.",
    "audioset": (
        "AudioSet (Gemmeke et al., 2017): its labels and its released VGGish embeddings, both CC BY 4.0, and its "
        "ontology, CC BY-SA 4.0."
    ),
    "audioset_audio": (
        "AudioSet (Gemmeke et al., 2017): its labels, CC BY 4.0, its ontology, CC BY-SA 4.0, and recordings that the "
        "user holds."
    ),
    "local": "A corpus of the user's own.",
}


def licence_of(corpus: str) -> str:
    """SPDX name of the licence of what was trained on a corpus; "other" where only the user knows."""
    return LICENCES.get(corpus, "other")


def model_card(config: Config, licence: str) -> str:
    """README.md of a model on a hub: what it is, what it was trained on, how good it is, and what it is not for."""
    decision = config.decision
    assert decision is not None
    metrics = decision.metrics
    seconds = config.audio.get("seconds", "1")
    supervised = config.variant.task == "cross_validation"
    task = "audio-classification" if supervised else "zero-shot-audio-classification"
    names = [stored.name for stored in config.classes[config.roles["test"]]]
    head: dict[str, Any] = {
        "license": licence,
        "library_name": "zsaudio",
        "pipeline_tag": task,
        "tags": ["audio", "multi-label", config.corpus],
        "model-index": [
            {
                "name": f"{config.variant.name}-{config.setting}",
                "results": [
                    {
                        "task": {"type": task},
                        "dataset": {"name": f"{config.corpus}, {config.roles['test']}", "type": config.corpus},
                        "metrics": [
                            {"type": name, "value": round(metrics[name], 4)} for name in ("micro_f1", "macro_f1", "map")
                        ],
                    }
                ],
            }
        ],
    }
    return _CARD.format(
        head=yaml.safe_dump(head, sort_keys=False).strip(),
        promise="" if supervised else ", also those it was never trained on",
        config=config,
        title=_plain(decision.title),
        data=DATA.get(config.corpus, DATA["local"]),
        folds="\n".join(
            f"- **{role}**, {_plain(fold)}, {len(config.classes[fold])} classes: "
            + ", ".join(_plain(stored.name) for stored in config.classes[fold])
            for role, fold in sorted(config.roles.items())
        ),
        variant=", ".join([config.variant.name, *config.variant.parts().values()]),
        reference="" if config.variant.scale != "inverted_softmax" else REFERENCE,
        training=json.dumps(config.training).replace("`", "'"),
        audio=_plain(config.audio["encoder"]),
        window="Each second is heard" if seconds == "1" else f"Each window of {_plain(seconds)} seconds is heard",
        text=_plain(config.text["encoder"]),
        pooling=_plain(config.text.get("pooling", "none")),
        test=_plain(config.roles["test"]),
        fusion="" if decision.gamma is None else f"gamma = {decision.gamma} (eq. 7) and ",
        thresholds=", ".join(f"{threshold:.4g}" for threshold in decision.thresholds),
        rows="\n".join(
            f"| {title} | {metrics[name]:.3f} ± {metrics[name + '_std']:.3f} |"
            for title, name in (("micro F1", "micro_f1"), ("macro F1", "macro_f1"), ("mAP", "map"))
        ),
        licence=licence,
        example=next(filter(_COMMON.fullmatch, names), "dog"),
    )


REFERENCE = (
    "The weights hold training clips as the model projects them (`reference`), 1,024 for each model, to know what a "
    "label scores on any sound. "
)
_COMMON = re.compile(r"[\w ,]+")  # of a name that stands in code and in a command


def _plain(text: str) -> str:
    """Text on one line, with nothing in it that Markdown or HTML would take for its own."""
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", " ".join(text.split()))


_CARD = """\
---
{head}
---

# {title}, {config.setting}, trained on {config.corpus}

Recognises sounds in recordings by the words for them{promise}. Made by zsaudio, which
reproduces *Multi-label zero-shot audio classification with temporal attention* (D. Dogan, H. Xie, T. Heittola,
T. Virtanen, 2024) and has models of its own. This one: `{variant}`.

## Use

```python
import zsaudio

model = zsaudio.load("path/of/this/folder")
result = model.predict("recording.wav", ["{example}", "rain", "police siren"])
for c in result.ranking():
    print(result.labels[c], result.scores[c], result.above[c])
```

or `zsaudio predict recording.wav --model path/of/this/folder --labels "{example}; rain; police siren"`.

`sha256sum --check SHA256SUMS` tells whether the folder is whole; loading does so too.

## Data

{data}

{folds}

## Training

Audio encoder {audio}, text encoder {text} (pooling {pooling}). \
Params: `{training}`. {reference}Decisions with
{fusion}the thresholds {thresholds} (eq. 8, a value per trained run or part).

## Metrics

On the clips and classes of {test}, mean ± standard deviation over the runs:

| metric | value |
| --- | ---: |
{rows}

## Limits

- A score is comparable between labels and with the threshold; it is no probability.
- The threshold was chosen on clips and classes of the training corpus. Recordings of another kind (microphones, rooms,
  mixtures) and labels unlike its classes will want another one.
- The metrics above say how often it errs, on sounds like those of its corpus. Do not base decisions about people or
  safety on it.
- {window} by itself: what is told apart only by its course over a longer time is not.
- Labels are best in the language and the style of those that it was trained on.

## Licence

{licence} for the weights; the data and the encoders have licences of their own, see above and their owners.
"""
