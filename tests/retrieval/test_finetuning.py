"""Fine-tuning: its schedule, that it learns, and that a kill changes nothing."""

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import dual_encoders
from dual_encoders import CONFIG, DUAL, KNOBS, dual_encoder, save_sounds, trained
from zsaudio import ZsAudioError
from zsaudio.retrieval import checkpoint, finetuning
from zsaudio.retrieval.finetuning import (
    FinetuningConfig,
    caption_vectors,
    finetune,
    learning_rate,
    recording_vectors,
)
from zsaudio.retrieval.retrieval_learner import validated


@pytest.fixture(scope="module")
def unbroken(networks, tmp_path_factory):
    """The weights of a training that nothing has stopped."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("unbroken")
    return trained(networks, folder, folder / "checkpoints").weights()


def assert_equal(encoder, expected) -> None:
    for name, weight in encoder.weights().items():
        assert torch.equal(weight, expected[name]), name


def test_the_learning_rate_rises_and_falls_as_a_cosine():
    """Two epochs of warm-up and two of decay, of 4 steps each."""
    config = FinetuningConfig(epochs=4, warm_up=2.0, lr=0.8, last_lr=0.2)
    rates = [learning_rate(config, step, 4) for step in range(16)]
    assert rates[:8] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
    # 0.2 + 0.6 (1 + cos(pi k / 8)) / 2 for k = 1 to 8
    assert rates[8:12] == pytest.approx([0.777164, 0.712132, 0.614805, 0.5], abs=1e-6)
    assert rates[12:] == pytest.approx([0.385195, 0.287868, 0.222836, 0.2], abs=1e-6)


def test_the_papers_learning_rate_ends_where_it_says():
    config = FinetuningConfig()
    rates = [learning_rate(config, step, 100) for step in range(1600)]
    assert rates[99] == max(rates) == 2e-5
    assert rates[-1] == pytest.approx(1e-7)


def test_training_learns_to_find_recordings(networks, tmp_path):
    data, validation = save_sounds(tmp_path / "train"), save_sounds(tmp_path / "validation", 4, seed=1)
    encoder, config = dual_encoder(networks, "ast", pooling="label"), replace(CONFIG, epochs=12, batch_size=8)

    def precision() -> float:
        texts = caption_vectors(encoder, validation.captioned.texts)
        recordings = recording_vectors(encoder, validation.paths, config)
        return validated(texts, recordings, validation.captioned.by_text())[1]

    before = precision()
    curve = finetune(encoder, DUAL, KNOBS, data, validation, config, tmp_path / "checkpoints")
    best = max(epoch.validation_map[0] for epoch in curve)
    assert [epoch.epoch for epoch in curve] == list(range(1, 13))
    assert curve[-1].train_loss < curve[0].train_loss
    assert best > before + 0.2
    assert precision() == best  # of the epoch that was best


def test_a_process_that_is_killed_goes_on_from_its_last_epoch(networks, tmp_path, unbroken, capsys):
    command = [sys.executable, dual_encoders.__file__, *map(str, (networks, tmp_path, tmp_path / "checkpoints"))]
    killed = subprocess.run(command, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    best, last = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert best.endswith("_1.safetensors")  # of the first epoch, the only one that it has finished
    assert last == "checkpoint.safetensors"
    orphan = tmp_path / "checkpoints/.checkpoint.safetensors.123.tmp"  # as of one that is killed while it writes
    orphan.write_bytes(b"half")
    assert_equal(trained(networks, tmp_path, tmp_path / "checkpoints"), unbroken)
    assert "begins anew" not in capsys.readouterr().out
    assert not orphan.exists()


@pytest.mark.parametrize("write", [2, 3, 4])
def test_a_stop_between_the_files_of_an_epoch_changes_nothing(networks, tmp_path, unbroken, monkeypatch, write):
    writes: list[Path] = []
    for module in (checkpoint, sys.modules["zsaudio.retrieval.towers"]):

        def stopped(path, *rest, write_tensors=module.write_tensors):
            writes.append(path)
            if len(writes) == write:
                raise KeyboardInterrupt
            write_tensors(path, *rest)

        monkeypatch.setattr(module, "write_tensors", stopped)
    with pytest.raises(KeyboardInterrupt):
        trained(networks, tmp_path, tmp_path / "checkpoints")
    assert_equal(trained(networks, tmp_path, tmp_path / "checkpoints"), unbroken)


def test_what_is_finished_is_not_trained_again(networks, tmp_path, monkeypatch, unbroken):
    trained(networks, tmp_path, tmp_path / "checkpoints")
    monkeypatch.setattr(finetuning, "backward", None)
    assert_equal(trained(networks, tmp_path, tmp_path / "checkpoints"), unbroken)


def test_threads_and_places_change_nothing(networks, tmp_path, unbroken):
    encoder = dual_encoder(networks)
    data, validation = save_sounds(tmp_path / "here"), save_sounds(tmp_path / "there", 4, seed=1)
    finetune(encoder, DUAL, KNOBS, data, validation, CONFIG, tmp_path / "checkpoints", threads=1)
    assert_equal(encoder, unbroken)


@pytest.mark.parametrize("change", ["config", "weights", "data", "damage"])
def test_a_checkpoint_of_something_else_is_not_taken_up(networks, tmp_path, capsys, change):
    config = replace(CONFIG, epochs=1)
    data, validation = save_sounds(tmp_path / "train"), save_sounds(tmp_path / "validation", 4, seed=1)
    finetune(dual_encoder(networks), DUAL, KNOBS, data, validation, config, tmp_path / "checkpoints")
    capsys.readouterr()
    encoder = dual_encoder(networks)
    if change == "config":
        config = replace(config, lr=1e-4)
    if change == "weights":
        with torch.no_grad():
            next(encoder.parameters()).add_(1e-3)
    if change == "data":
        data = save_sounds(tmp_path / "train", 15)
    if change == "damage":
        path = tmp_path / "checkpoints/checkpoint.safetensors"
        path.write_bytes(path.read_bytes()[:1000])
    curve = finetune(encoder, DUAL, KNOBS, data, validation, config, tmp_path / "checkpoints")
    assert len(curve) == 1
    assert "begins anew" in capsys.readouterr().out


def test_losses_that_become_infinite_stop_training(networks, tmp_path):
    data, validation = save_sounds(tmp_path / "train"), save_sounds(tmp_path / "validation", 4, seed=1)
    with pytest.raises(ZsAudioError, match=r"^variant dual_encoder: in epoch \d the loss or a weight became infinite"):
        finetune(
            dual_encoder(networks), DUAL, KNOBS, data, validation, replace(CONFIG, lr=1e38), tmp_path / "checkpoints"
        )


def test_recordings_and_captions_are_checked_before_training(networks, tmp_path):
    data, validation = save_sounds(tmp_path / "train"), save_sounds(tmp_path / "validation", 4, seed=1)
    unknown = replace(data, rewrites={data.captioned.texts[0]: ["violin"]})
    arguments = (validation, CONFIG, tmp_path / "checkpoints")
    with pytest.raises(ZsAudioError, match="the tokenizer knows no piece of 'violin'"):
        finetune(dual_encoder(networks), DUAL, KNOBS, unknown, *arguments)
    validation.paths[2].unlink()
    with pytest.raises(ZsAudioError, match=r"^1 of the 4 recordings cannot be read; the first: .*there is no such"):
        finetune(dual_encoder(networks), DUAL, KNOBS, data, *arguments)
    assert not (tmp_path / "checkpoints").exists()
