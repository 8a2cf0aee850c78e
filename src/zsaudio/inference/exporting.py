"""A trained model as a folder to publish: weights, config, the encoders it cannot do without, and a model card."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from zsaudio.audio import vggish
from zsaudio.models.model_folder import (
    CONFIG,
    ENCODERS,
    FILES,
    WEIGHTS,
    Config,
    read_model,
    save_model,
    with_paths,
    write_checksums,
)
from zsaudio.errors import ZsAudioError
from zsaudio.storage.downloads import default_mirror, mirror_folder
from zsaudio.storage.files import write_text
from zsaudio.text import bert

CARD = "README.md"
LICENCES = {"demo": "mit", "audioset": "cc-by-4.0", "audioset_audio": "cc-by-4.0"}
DATA = {
    "demo": "The demo corpus of the project: synthesised clips of ten seconds, in which six kinds of sound overlap.",
    "audioset": (
        "AudioSet (Gemmeke et al., 2017): its labels and its released VGGish embeddings, both CC BY 4.0, and its "
        "ontology, CC BY-SA 4.0."
    ),
    "audioset_audio": (
        "AudioSet (Gemmeke et al., 2017): its labels, CC BY 4.0, its ontology, CC BY-SA 4.0, and recordings that the "
        "user holds, through VGGish."
    ),
    "local": "A corpus of the user's own.",
}
NAMES = {
    "temporal_attention": "Temporal attention",
    "uniform_aggregation": "Uniform aggregation (sum)",
    "uniform_mean": "Uniform aggregation (mean)",
    "supervised": "Supervised",
}


def export(
    folder: Path,
    to: Path | None = None,
    *,
    licence: str | None = None,
    encoders: bool = False,
    mirror: str | None = None,
) -> Path:
    """Write a folder that holds a model and can be published as it is: `zsaudio.load` reads it anywhere.

    Encoders that have a public address are named in config.json by it, with the hash of their weights; those that are
    only files here (a local BERT, word vectors, VGGish weights from a path) are copied into encoders/.

    Args:
        folder: a trained and evaluated model.
        to: the folder to write; must not exist or be empty. None: CORPUS-MODEL-SETTING here.
        licence: of the weights, by its SPDX name; None: that of the corpus.
        encoders: copy those with a public address too, so that nothing is fetched later.
        mirror: a folder or base URL where they are looked for first; None: AUDIOSET_MIRROR in the environment.

    Returns:
        The folder that was written.

    Raises:
        ZsAudioError: the model is not whole, an encoder's file cannot be had, or `to` is in use.
    """
    mirror = mirror or default_mirror()
    config = read_model(folder)
    if config.decision is None:
        raise ZsAudioError(f"{folder}: is not evaluated yet; export data/CORPUS/models/MODEL/SETTING")
    to = to or Path(f"{config.corpus}-{config.model}-{config.setting}")
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise ZsAudioError(f"{to}: is there already; name a new folder")
    whole = to.resolve()
    partial = whole.with_name(f".{whole.name}.tmp")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        audio = _with_files(partial, with_paths(folder, config.audio), encoders, mirror)
        text = _with_files(partial, with_paths(folder, config.text), encoders, mirror)
        config = config.model_copy(update={"audio": audio, "text": text})
        save_model(partial, folder / WEIGHTS, config)
        copied = sorted(path for path in (partial / ENCODERS).rglob("*") if path.is_file())
        write_checksums(partial, [WEIGHTS, CONFIG, *(path.relative_to(partial).as_posix() for path in copied)])
        write_text(partial / CARD, model_card(config, licence or LICENCES.get(config.corpus, "other")))
        if whole.is_dir():
            whole.rmdir()
        partial.replace(whole)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return to


def _with_files(folder: Path, facts: Mapping[str, str], every: bool, mirror: str | None) -> dict[str, str]:
    """Facts of an encoder whose files, if they are not public or `every` one is wanted, are copied into the folder."""
    copied = dict(facts)
    for name in FILES & facts.keys():
        if not every and not Path(facts[name]).is_absolute():  # an address or a hub name
            continue
        path, place = _located(name, facts, mirror), folder / ENCODERS / name
        if path.is_dir():
            place.mkdir(parents=True)
            for file in filter(Path.is_file, (path / name for name in bert.FILES)):
                shutil.copyfile(file, place / file.name)
        elif path.is_file():
            place.mkdir(parents=True)
            place = place / path.name
            shutil.copyfile(path, place)
        else:
            raise ZsAudioError(f"{path}: is not there; the model cannot be used without this file of its encoder")
        copied[name] = place.relative_to(folder).as_posix()
    return copied


def _located(name: str, facts: Mapping[str, str], mirror: str | None) -> Path:
    if name == "model":
        return bert.locate(facts["model"], facts["branch"], mirror_folder(mirror))
    return Path(facts["vectors"]) if name == "vectors" else vggish.locate(name, facts[name], mirror)


def model_card(config: Config, licence: str) -> str:
    """README.md of a model on a hub: what it is, what it was trained on, how good it is, and what it is not for."""
    decision = config.decision
    assert decision is not None
    metrics = decision.metrics
    supervised = config.model == "supervised"
    task = "audio-classification" if supervised else "zero-shot-audio-classification"
    head: dict[str, Any] = {
        "license": licence,
        "library_name": "zsaudio",
        "pipeline_tag": task,
        "tags": ["audio", "multi-label", config.corpus],
        "model-index": [
            {
                "name": f"{config.model}-{config.setting}",
                "results": [
                    {
                        "task": {"type": task},
                        "dataset": {"name": f"{config.corpus}, {config.folds['test']}", "type": config.corpus},
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
        name=NAMES.get(config.model, config.model),
        setting=config.setting,
        corpus=config.corpus,
        data=DATA.get(config.corpus, DATA["local"]),
        folds="\n".join(
            f"- **{role}**, {fold}, {len(config.classes[fold])} classes: "
            + ", ".join(one.name for one in config.classes[fold])
            for role, fold in sorted(config.folds.items())
        ),
        audio=config.audio["encoder"],
        text=f"{config.text['encoder']} (pooling {config.text['pooling']})",
        training=json.dumps(config.training),
        gamma=decision.gamma,
        thresholds=", ".join(f"{threshold:.4g}" for threshold in decision.thresholds),
        rows="\n".join(
            f"| {title} | {metrics[name]:.3f} ± {metrics[name + '_std']:.3f} |"
            for title, name in (("micro F1", "micro_f1"), ("macro F1", "macro_f1"), ("mAP", "map"))
        ),
        test=config.folds["test"],
        licence=licence,
        example=config.classes[config.folds["test"]][0].name,
    )


_CARD = """\
---
{head}
---

# {name}, {setting}, trained on {corpus}

Recognises sounds in recordings by the words for them{promise}. Reproduces *Multi-label
zero-shot audio classification with temporal attention* (D. Dogan, H. Xie, T. Heittola, T. Virtanen, 2024).

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

Audio encoder {audio}, text encoder {text}. Params: `{training}`. Decisions with gamma = {gamma} (eq. 7) and the
thresholds {thresholds} (eq. 8, a value per trained run or part).

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
- Each second is heard by itself: what is told apart only by its course over several seconds is not.
- Labels are best in the language and the style of those that it was trained on.

## Licence

{licence} for the weights; the data and the encoders have licences of their own, see above and their owners.
"""
