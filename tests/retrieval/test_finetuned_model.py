"""A fine-tuned dual encoder as a model folder: read again, searched with, and refused where it is altered."""

from pathlib import Path

import numpy as np
import pytest
import torch

from dual_encoders import DUAL, KNOBS, RATE, dual_encoder, save_sounds, shaken
from zsaudio import ZsAudioError, load
from zsaudio.audio.hf_audio import HfAudio
from zsaudio.retrieval.finetuned_model import encoder_of_networks, read_finetuned, save_finetuned
from zsaudio.retrieval.retrieval_cell import describe_dual_encoder
from zsaudio.search.space import Space
from zsaudio.text.hf_text import HfText

CAPTIONS = ["a low hum", "this is the sound of a siren", "rain"]


def save(networks: Path, folder: Path, audio: str = "wav2vec2"):
    """A model folder of an encoder whose weights have changed, and that encoder."""
    encoder = shaken(networks, audio)
    sounds = HfAudio(str(networks / audio))
    texts = HfText(str(networks / "roberta"), pooling="cls", max_tokens=32)
    heard = {**sounds.metadata, "segments": "3"}
    save_finetuned(folder, encoder, describe_dual_encoder(DUAL, 1, KNOBS, heard, texts.metadata, 8, "captioned"))
    return encoder


@pytest.mark.parametrize("audio", ["wav2vec2", "ast", "clap"])
def test_what_is_saved_is_read_again(networks, tmp_path, audio):
    encoder = save(networks, tmp_path / "tuned", audio)
    read, config = read_finetuned(tmp_path / "tuned", "cpu")
    second = torch.from_numpy(np.random.default_rng(0).uniform(-0.5, 0.5, (1, read.audio.rate)).astype(np.float32))
    with torch.inference_mode():
        length = torch.tensor([read.audio.rate])
        assert torch.allclose(read.eval().recordings(second, length), encoder.recordings(second, length), atol=1e-5)
        assert torch.allclose(read.captions(CAPTIONS), encoder.captions(CAPTIONS), atol=1e-5)
    assert config.of_captions


def test_search_uses_the_trained_encoders(networks, tmp_path):
    """From the folder alone, wherever it lies; its vectors are those of training, for a recording of whole seconds."""
    encoder = save(networks, tmp_path / "tuned")
    (tmp_path / "tuned").rename(tmp_path / "moved")
    space = Space(load(tmp_path / "moved"))
    sounds = save_sounds(tmp_path / "sounds", 1)
    path = sounds.paths[0]
    heard = space.hear(path)
    from zsaudio.audio.recording import read_seconds

    samples = torch.from_numpy(np.concatenate(list(read_seconds(path))).ravel())
    with torch.inference_mode():
        recordings = encoder.recordings(samples[None], torch.tensor([len(samples)]))
        assert np.allclose(heard.vectors, recordings.numpy(), atol=2e-3)  # embeddings are stored as float16
        assert np.allclose(space.ask("A low hum!"), encoder.captions(["a low hum"])[0].numpy(), atol=1e-4)
    assert len(samples) % RATE == 0


def test_a_second_save_replaces_the_first(networks, tmp_path):
    save(networks, tmp_path / "tuned")
    encoder = save(networks, tmp_path / "tuned")
    read, _ = read_finetuned(tmp_path / "tuned", "cpu")
    assert torch.allclose(read.captions(CAPTIONS), encoder.captions(CAPTIONS), atol=1e-5)
    assert [path.name for path in tmp_path.iterdir()] == ["tuned"]


def test_an_encoder_that_was_altered_is_refused(networks, tmp_path):
    save(networks, tmp_path / "tuned")
    with (tmp_path / "tuned/encoders/text_model/model.safetensors").open("ab") as file:
        file.write(b"more")
    with pytest.raises(ZsAudioError, match=r"model\.safetensors: is not the file that SHA256SUMS lists"):
        read_finetuned(tmp_path / "tuned", "cpu")


def test_an_encoder_without_a_network_cannot_be_fine_tuned(networks):
    from zsaudio.audio.logmel import LogMel

    with pytest.raises(ZsAudioError, match="audio encoder logmel: cannot be fine-tuned; take passt or hf"):
        encoder_of_networks(LogMel(), HfText(str(networks / "roberta"), pooling="cls"), dual_encoder(networks).model)
