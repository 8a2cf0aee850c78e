"""Stage generalise: seen and unseen classes together, on clips that span folds, which are in no training (ours)."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from pipeline import Params, Paths, run
from zsaudio.evaluation.generalised import class_groups, generalised, summary
from zsaudio.models.fusion import fuse
from zsaudio.models.model_folder import Config, read_model
from zsaudio.storage import schemas, tables
from zsaudio.storage.files import read_json, write_json
from zsaudio.tasks.corpus_tables import CorpusTables, embed, read_corpus
from zsaudio.tasks.spanning import spanning_examples
from zsaudio.tasks.task import Examples
from zsaudio.tasks.tensors import ExampleTensors
from zsaudio.training.device import set_up
from zsaudio.training.scoring import score_ensemble
from zsaudio.training.stacked import read_models


def main(params: Params, paths: Paths, model: str) -> None:
    device = set_up(params.device, params.threads, params.matmul)
    corpus = read_corpus(paths.data).with_audio()
    examples = spanning_examples(corpus.folds, corpus.clips)
    gamma = read_json(paths.variants / model / "row.json")["gamma"]
    for setting in params.settings:
        trained = paths.weights / model / setting
        config = read_model(trained)
        reason = "" if examples else "no clip spans folds and is in none of them"
        if "train" not in config.roles:
            reason = "it was trained on the classes that it is tested on"
        elif config.variant.spanning == "any":
            reason = "it was trained on the clips that span folds"
        rows = []
        if examples is None or reason:
            print(f"{setting}: {model} is not measured: {reason}")
        else:
            rows = measure(trained, config, examples, corpus, gamma, device)
        columns = {name: [row.get(name) for row in rows] for name in schemas.GENERALISED.columns}
        tables.write_table(paths.generalise / model / f"{setting}.csv", schemas.GENERALISED, columns)
        write_json(paths.metrics / "generalise" / model / f"{setting}.json", summary(rows))


def measure(
    trained: Path, config: Config, examples: Examples, corpus: CorpusTables, gamma: float | None, device: torch.device
) -> list[dict[str, Any]]:
    """A row for each run and group of classes."""
    data = ExampleTensors(embed(examples, corpus, config.variant.texts, averaged=config.variant.averaged), device)
    models, rows = read_models(trained, config).to(device), np.arange(len(examples.clips))
    seen, unseen = ({one.mid for one in config.classes[config.roles[role]]} for role in ("train", "test"))
    groups = class_groups(examples.classes.mids, seen, unseen)
    measured = []
    for number in sorted({member.run for member in config.members}):
        members = [r for r, member in enumerate(config.members) if member.run == number]
        scored = score_ensemble(models, members, data, rows)
        score = scored["score"]
        if "uniform" in scored and gamma is not None:
            score = fuse(gamma, score, scored["uniform"])
        found = generalised(score, examples.carried(), groups)
        measured += [{"run": number, "group": name, "classes": groups[name].sum(), **of} for name, of in found.items()]
    return measured


if __name__ == "__main__":
    run(main, "MODEL")
