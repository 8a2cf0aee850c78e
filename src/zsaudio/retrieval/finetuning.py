"""Fine-tuning of both encoders with their projections (section 2.6): streams recordings, survives a kill."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from tqdm import tqdm

from zsaudio.errors import ZsAudioError
from zsaudio.models.interfaces import Objective
from zsaudio.models.parts import make_part
from zsaudio.models.variant import Variant
from zsaudio.retrieval.checkpoint import Checkpoint, fingerprint
from zsaudio.retrieval.chunked import PairBatch, backward
from zsaudio.retrieval.retrieval_learner import Vectors, validated
from zsaudio.retrieval.snippets import SECONDS, Snippet, Sounds, draw, measure, waveforms
from zsaudio.retrieval.towers import DualEncoder
from zsaudio.training.loop import LOWER, Epoch

FITTED = 512  # recordings that projections are fitted to, at most
SENTENCES = 256  # captions that are embedded at once


@dataclass(frozen=True)
class FinetuningConfig:
    """How both encoders are trained; the defaults are the paper's.

    Attributes:
        epochs: over the recordings, each with one of its captions.
        warm_up: epochs in which the learning rate rises to `lr`.
        lr, last_lr: of Adam: the highest learning rate, and that of the last step, to which it falls as a cosine.
        batch_size: recordings that are told apart from each other.
        chunk: how many of them are in memory with a graph at once; fewer take half as long again (`chunked`).
        seconds: of a recording that are heard at most: a random part in training, else the first.
        rewrites: probability by which a caption that has rewrites is swapped for one of them.
        fit: fit the projections to the training data before the first step, as those on frozen encoders are; not where
            they are trained already.
        seed: of all that is drawn.
    """

    epochs: int = 16
    warm_up: float = 1.0
    lr: float = 2e-5
    last_lr: float = 1e-7
    batch_size: int = 64
    chunk: int = 64
    seconds: float = SECONDS
    rewrites: float = 0.0
    fit: bool = False
    seed: int = 0

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> FinetuningConfig:
        """What `params` say of the attributes above, by their names."""
        return cls(**{name: params[name] for name in {field.name for field in fields(cls)} & params.keys()})


def learning_rate(config: FinetuningConfig, step: int, steps: int) -> float:
    """Of a step, counted from 0 over all epochs: a line up to `lr`, then half a cosine down to `last_lr`.

    Args:
        config: how training goes on.
        step: its number.
        steps: of an epoch.
    """
    rising = round(config.warm_up * steps)
    if step < rising:
        return config.lr * (step + 1) / rising
    share = (step + 1 - rising) / (config.epochs * steps - rising)
    return config.last_lr + (config.lr - config.last_lr) * (1 + math.cos(math.pi * share)) / 2


def finetune(
    encoder: DualEncoder,
    variant: Variant,
    knobs: Mapping[str, Any],
    sounds: Sounds,
    validation: Sounds,
    config: FinetuningConfig,
    folder: Path,
    *,
    threads: int = 2,
) -> list[Epoch]:
    """Train both encoders and their projections in place: the weights of the best epoch by mAP@10, and the curve.

    After each epoch a checkpoint is written to `folder`. The same call goes on from there, and on the processor gives
    what it would have given without a break; with other arguments it begins anew. The folder is left to the caller, who
    removes it when the result is safe.

    Args:
        encoder: what to train, on its device; it may begin with any weights.
        variant: names the objective; its score is an inner product.
        knobs: of the variant's parts.
        sounds: what to train on.
        validation: what tells the best epoch; rewrites are not used.
        config: how to train.
        folder: of checkpoints alone; they take four times the size of the weights.
        threads: that decode recordings while the network computes.

    Raises:
        ZsAudioError: a recording cannot be read, the tokenizer knows no piece of a caption, or the loss or a weight is
            no longer a finite number.
    """
    objective: Objective = make_part("objective", variant.objective, knobs)
    if not len(sounds) or not len(validation):
        raise ZsAudioError("fine-tuning: there is no recording to train on, or none to validate on; get some")
    for part in _parts(sounds.texts() + validation.captioned.texts):
        encoder.text.tokens(part)
    durations = measure(sounds.paths, threads)
    measure(validation.paths, threads)
    data = [_identity(some) for some in (sounds, validation)]
    rewrites = {text: list(others) for text, others in sounds.rewrites.items()}
    settings = [variant.model_dump(), dict(knobs), asdict(config), data, rewrites]
    checkpoint = Checkpoint(folder, fingerprint(settings, encoder))
    optimiser = torch.optim.Adam([weight for weight in encoder.parameters() if weight.requires_grad], lr=config.lr)
    with torch.random.fork_rng():
        curve = checkpoint.read(encoder, optimiser)
        if config.fit and not curve:
            _fit(encoder, sounds, config, threads)
        epochs = range(len(curve) + 1, config.epochs + 1)
        progress = tqdm(epochs, desc="finetune", unit="epoch", initial=len(curve), total=config.epochs, mininterval=1)
        for epoch in progress:
            loss = _train_epoch(encoder, objective, optimiser, sounds, durations, config, epoch, threads)
            _refuse_infinite(variant.name, epoch, loss, encoder)
            recordings = recording_vectors(encoder, validation.paths, config, threads)
            texts = caption_vectors(encoder, validation.captioned.texts)
            validation_loss, precision = validated(texts, recordings, validation.captioned.by_text())
            curve.append(Epoch(epoch, [loss], [validation_loss], [precision]))
            checkpoint.write(encoder, optimiser, curve)
            progress.set_postfix(loss=f"{loss:.3f}", map=f"{precision:.4f}", refresh=False)
    encoder.load_weights(checkpoint.best(curve))
    encoder.eval()
    return curve


@torch.inference_mode()
def recording_vectors(
    encoder: DualEncoder, paths: Sequence[Path], config: FinetuningConfig, threads: int = 2
) -> Vectors:
    """The first seconds of recordings as vectors (N, D), whose inner products with `caption_vectors` are scores.

    Raises:
        ZsAudioError: a recording cannot be read.
    """
    encoder.eval()
    heard = _first_seconds(encoder, paths, config, threads)
    vectors: Vectors = torch.cat([encoder.recordings(*batch) for batch in heard]).cpu().numpy()
    return vectors


@torch.inference_mode()
def caption_vectors(encoder: DualEncoder, captions: Sequence[str]) -> Vectors:
    """Captions as vectors (P, D).

    Raises:
        ZsAudioError: the tokenizer knows no piece of a caption.
    """
    encoder.eval()
    vectors: Vectors = torch.cat([encoder.captions(part) for part in _parts(captions)]).cpu().numpy()
    return vectors


def _train_epoch(
    encoder: DualEncoder,
    objective: Objective,
    optimiser: torch.optim.Adam,
    sounds: Sounds,
    durations: npt.NDArray[np.float64],
    config: FinetuningConfig,
    epoch: int,
    threads: int,
) -> float:
    """Pass once over the recordings; their mean loss on the way, or the first that is not finite."""
    rng = np.random.default_rng([config.seed, epoch])
    drawn = draw(sounds, durations, config.rewrites, rng, config.seconds)
    size, total = config.batch_size, 0.0
    starts = range(0, len(sounds), size)
    batches = (drawn.snippets[start : start + size] for start in starts)
    decoded = waveforms(batches, config.seconds, encoder.audio.rate, threads)
    encoder.train()
    steps = tqdm(decoded, desc=f"epoch {epoch}", unit="batch", total=len(starts), mininterval=1, leave=False)
    for step, (start, (samples, lengths)) in enumerate(zip(starts, steps, strict=True)):
        batch = PairBatch(samples, lengths, drawn.captions[start : start + size])
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(config, (epoch - 1) * len(starts) + step, len(starts))
        optimiser.zero_grad()
        loss = backward(encoder, objective, batch, config.chunk, [config.seed, epoch, step])
        if not math.isfinite(loss):
            return loss
        optimiser.step()
        total += loss * len(lengths)
    return total / len(sounds)


@torch.inference_mode()
def _fit(encoder: DualEncoder, sounds: Sounds, config: FinetuningConfig, threads: int) -> None:
    """Fit the projections to some recordings and captions, as the encoders give them before training."""
    encoder.eval()
    rng = np.random.default_rng([config.seed, 0])
    some = rng.permutation(len(sounds))[:FITTED]
    paths = [sounds.files[clip] for clip in sounds.captioned.clip_ids[some]]
    captions = [sounds.captioned.texts[row] for row in rng.permutation(sounds.captioned.captions)[:FITTED]]
    audio = [encoder.audio(*batch) for batch in _first_seconds(encoder, paths, config, threads)]
    encoder.model.fit(torch.cat(audio)[:, None], None, torch.cat([encoder.text(part) for part in _parts(captions)]))


def _first_seconds(
    encoder: DualEncoder, paths: Sequence[Path], config: FinetuningConfig, threads: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    size = min(config.chunk, config.batch_size)
    batches = ([Snippet(path, 0.0) for path in paths[start : start + size]] for start in range(0, len(paths), size))
    return waveforms(batches, config.seconds, encoder.audio.rate, threads)


def _parts(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    return (texts[start : start + SENTENCES] for start in range(0, len(texts), SENTENCES))


def _identity(sounds: Sounds) -> list[Any]:
    """What tells recordings and captions from others, wherever they are: of a recording its name and size."""
    of = sounds.captioned
    sizes = [sounds.files[clip].stat().st_size for clip in of.clip_ids]
    return [of.clip_ids.tolist(), sizes, of.texts, of.captions.tolist(), of.offsets.tolist()]


def _refuse_infinite(name: str, epoch: int, loss: float, encoder: DualEncoder) -> None:
    """Stop training that has left the finite numbers, from which it never comes back."""
    if not math.isfinite(loss) or not all(bool(torch.isfinite(weight).all()) for weight in encoder.weights().values()):
        raise ZsAudioError(f"variant {name}: in epoch {epoch} the loss or a weight became infinite or NaN; {LOWER}")
