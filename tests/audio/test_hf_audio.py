"""Audio models of the transformers library, saved by the test in the public formats, as encoders of recordings."""

import json
import shutil

import numpy as np
import pytest
import soundfile
import torch
from transformers import ASTFeatureExtractor, ASTModel, ClapFeatureExtractor, ClapModel, Wav2Vec2Model

from pretrained import save_ast, save_clap, save_roberta, save_t5, save_wav2vec2
from signals import music_like
from zsaudio import ZsAudioError
from zsaudio.audio import audio_encoder, read_examples, recording_encoder
from zsaudio.audio.extraction import extract
from zsaudio.storage import schemas, tables

SAVED = {"clap": save_clap, "ast": save_ast, "wav2vec2": save_wav2vec2}
RATES = {"clap": 48_000, "ast": 16_000, "wav2vec2": 16_000}
FEATURES = {"clap": 6, "ast": 8, "wav2vec2": 8}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    hub = tmp_path_factory.mktemp("hub")
    return {name: save(hub / f"tiny-{name}") for name, save in SAVED.items()}


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Three seconds and a bit, at a rate that no model has."""
    path = tmp_path_factory.mktemp("recordings") / "a.wav"
    soundfile.write(path, music_like(22_050)[: 22_050 * 3 + 99], 22_050)
    return path


def hf(folder, **knobs):
    return audio_encoder("hf", {"model": str(folder), **knobs})


def heard(encoder, path) -> np.ndarray:
    """The seconds of a recording at the encoder's rate."""
    return np.concatenate([seconds for seconds, _ in read_examples(path, encoder.front_end, rate=encoder.rate)])


@pytest.mark.parametrize("name", SAVED)
def test_a_recording_is_read_at_the_rate_of_the_model_and_embedded_by_the_second(folders, recording, name):
    encoder = hf(folders[name])
    seconds = heard(encoder, recording)
    assert seconds.shape == (3, RATES[name])
    embeddings = encoder.embed(seconds)
    assert embeddings.shape == (3, FEATURES[name])
    assert embeddings.dtype == np.float16
    assert not np.allclose(embeddings[0], embeddings[1], atol=1e-3)
    alone = np.concatenate([hf(folders[name], batch_size=1).embed(second[None]) for second in seconds])
    assert np.allclose(embeddings, alone, atol=1e-2)


def outputs_of(folder, name: str, second: np.ndarray) -> np.ndarray:
    """The vector of a second, straight from the model."""
    with torch.inference_mode():
        if name == "clap":
            inputs = ClapFeatureExtractor.from_pretrained(folder)(second, sampling_rate=48_000, return_tensors="pt")
            model = ClapModel.from_pretrained(folder).eval()
            return model.audio_projection(model.audio_model(**inputs).pooler_output)[0].numpy()
        if name == "ast":
            inputs = ASTFeatureExtractor.from_pretrained(folder)(second, sampling_rate=16_000, return_tensors="pt")
            return ASTModel.from_pretrained(folder).eval()(**inputs).pooler_output[0].numpy()
        normal = torch.tensor((second - second.mean()) / np.sqrt(second.var() + 1e-7))[None]
        return Wav2Vec2Model.from_pretrained(folder).eval()(normal).last_hidden_state[0].mean(0).numpy()


@pytest.mark.parametrize("name", SAVED)
def test_the_vector_is_projected_or_pooled_or_the_mean_of_the_sequence(folders, recording, name):
    encoder = hf(folders[name])
    second = heard(encoder, recording)[1]
    expected = outputs_of(folders[name], name, second)
    assert np.allclose(encoder.vectors([second])[0], expected, atol=1e-4)


def test_a_clap_with_fusion_gives_the_same_each_time(tmp_path, recording):
    """Its extractor calls a sound drawn at random longer than it is."""
    encoder = hf(save_clap(tmp_path / "fused", fused=True))
    seconds = heard(encoder, recording)
    assert all(np.array_equal(encoder.embed(seconds), encoder.embed(seconds)) for _ in range(4))


def test_recordings_are_extracted_into_a_table(folders, recording, tmp_path):
    encoder = hf(folders["clap"])
    loud = tmp_path / "loud.wav"
    soundfile.write(loud, np.full(16_000, 1e30), 16_000, subtype="FLOAT")
    extracted = extract(encoder, {"a": recording, "loud": loud}, 2, tmp_path / "shards", processes=1)
    (shard,) = extracted.shards
    assert tables.read_table(shard, schemas.AUDIO)["n_segments"].to_pylist() == [2]
    assert tables.file_metadata(shard)["encoder"] == "hf:tiny-clap"
    assert [clip for clip, _, reason in extracted.errors if "its samples are too large" in reason] == ["loud"]


def test_metadata_make_it_again_and_refuse_another(folders, recording, tmp_path):
    encoder = hf(folders["ast"])
    assert encoder.metadata["architecture"] == "audio-spectrogram-transformer"
    again = recording_encoder(encoder.metadata)
    assert again.metadata == encoder.metadata
    assert np.array_equal(again.embed(heard(again, recording)), encoder.embed(heard(encoder, recording)))
    with pytest.raises(ZsAudioError, match=r"^audio encoder: the revision of hf:tiny-ast is sha256:\w+, but the model"):
        recording_encoder(encoder.metadata, model=str(folders["wav2vec2"]))


@pytest.mark.parametrize("file", ["config.json", "preprocessor_config.json", "model.safetensors"])
@pytest.mark.parametrize("content", [None, b"", b"[]", b"null", bytes(range(256))])
def test_a_damaged_file_is_named(folders, tmp_path, file, content):
    path = shutil.copytree(folders["ast"], tmp_path / "damaged")
    (path / file).unlink()
    if content is not None:
        (path / file).write_bytes(content)
    with pytest.raises(ZsAudioError, match=rf"^audio\.hf\.model: '.*' cannot be loaded: {file}: "):
        hf(path)


def test_a_rate_that_is_none_is_named(folders, tmp_path):
    path = shutil.copytree(folders["wav2vec2"], tmp_path / "changed")
    values = json.loads((path / "preprocessor_config.json").read_text())
    (path / "preprocessor_config.json").write_text(json.dumps(values | {"sampling_rate": 0}))
    with pytest.raises(ZsAudioError, match=r"preprocessor_config\.json: sampling_rate: expected 1,000 to 1,000,000 Hz"):
        hf(path)


@pytest.mark.parametrize("save", [save_roberta, save_t5])
def test_a_model_of_text_is_no_encoder_of_recordings(save, tmp_path):
    path = save(tmp_path / "text")
    with pytest.raises(ZsAudioError, match=r"^audio\.hf\.model: '.*' cannot be loaded: "):
        hf(path)
