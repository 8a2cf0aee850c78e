"""Text models other than BERT, as `text.encoder: hf` loads them."""

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, ClapModel, T5EncoderModel

from pretrained import save_clap, save_roberta, save_t5
from zsaudio import ZsAudioError
from zsaudio.text import Label, embed_labels, encoder_of, text_encoder

LABELS = [Label("Dog", "A bark.", "/m/1", "sound, dog"), Label("Rain of sound", "The sound of rain", "/m/2", "rain")]
LONG = [Label("Dog", "sound " * 99)]


@pytest.fixture(scope="module")
def clap(tmp_path_factory):
    return save_clap(tmp_path_factory.mktemp("hub") / "tiny-clap")


def projected(folder, text: str) -> np.ndarray:
    """What the whole of CLAP gives for a text: of length 1."""
    inputs = AutoTokenizer.from_pretrained(folder)([text], return_tensors="pt")
    with torch.inference_mode():
        features = ClapModel.from_pretrained(folder).eval().get_text_features(**inputs).pooler_output
    return features[0].numpy()


def hf(folder, pooling: str = "label", **knobs):
    return text_encoder("hf", {"model": str(folder), "pooling": pooling, **knobs})


def test_claps_text_tower_gives_what_it_projects(clap):
    for label, vector in zip(LABELS, hf(clap).encode(LABELS), strict=True):
        assert np.allclose(vector / np.linalg.norm(vector), projected(clap, label.name), atol=1e-5)


def test_the_words_of_a_label_may_be_projected_one_by_one(clap):
    of, rain, sound, both = hf(clap, "words").encode([Label(name) for name in ("of", "rain", "sound", "rain of sound")])
    assert np.allclose(both, (of + rain + sound) / 3, atol=1e-5)


@pytest.mark.parametrize("save", [save_clap, save_roberta, save_t5])
def test_each_text_of_a_class_is_embedded_and_batches_change_nothing(save, tmp_path):
    folder = save(tmp_path / "model")
    many, one = hf(folder), hf(folder, batch_size=1)
    for text in ("name", "description", "path"):
        vectors = embed_labels(many, LABELS, text)
        assert vectors.shape == (2, 6 if save is save_clap else 8)
        assert np.allclose(vectors, embed_labels(one, LABELS, text), atol=1e-5)
        assert not np.allclose(vectors[0], vectors[1], atol=1e-3)


def test_an_encoder_is_taken_without_its_decoder(tmp_path):
    folder = save_t5(tmp_path / "t5")
    inputs = AutoTokenizer.from_pretrained(folder)(["rain of sound"], return_tensors="pt")
    with torch.inference_mode():
        hidden = T5EncoderModel.from_pretrained(folder).eval()(**inputs).last_hidden_state[0]
    assert np.allclose(hf(folder).encode([Label("Rain of sound")])[0], hidden[1:-1].mean(0), atol=1e-5)


@pytest.mark.parametrize("save", [save_clap, save_roberta])
def test_a_long_text_is_cut_to_the_positions_that_pieces_have(save, tmp_path):
    """RoBERTa, and CLAP with it, has two positions fewer than its config says."""
    assert np.isfinite(hf(save(tmp_path / "model"), "description").encode(LONG)).all()


def test_metadata_make_it_again_and_refuse_another(clap, tmp_path):
    encoder = hf(clap)
    assert encoder.metadata["encoder"] == "hf:tiny-clap"
    assert encoder.metadata["architecture"] == "clap_text_model"
    again = encoder_of(encoder.metadata)
    assert again.metadata == encoder.metadata
    assert np.array_equal(again.encode(LABELS), encoder.encode(LABELS))
    with pytest.raises(ZsAudioError, match=r"the revision of hf:tiny-clap is sha256:\w+, but the model was trained"):
        encoder_of(encoder.metadata, model=str(save_roberta(tmp_path / "other")))


def test_a_mistake_names_the_param_of_hf(tmp_path):
    with pytest.raises(ZsAudioError, match=r"^text\.hf\.model: '.*' cannot be loaded: config\.json: "):
        hf(tmp_path)


@pytest.mark.parametrize("save", [save_roberta, save_t5, save_clap])
def test_a_tower_whose_weights_have_changed_is_saved_and_read_by_itself(save, tmp_path):
    encoder = hf(save(tmp_path / "model"))
    with torch.no_grad():
        for weight in encoder.network.parameters():
            weight.add_(0.1)
    encoder.network.save(tmp_path / "changed")
    assert np.allclose(hf(tmp_path / "changed").encode(LABELS), encoder.encode(LABELS), atol=1e-5)


def test_metadata_say_after_how_many_tokens_texts_are_cut(clap):
    encoder, words = hf(clap, max_tokens=4), [Label("rain siren dog hum")]
    assert np.array_equal(encoder_of(encoder.metadata).encode(words), encoder.encode(words))
    assert not np.allclose(hf(clap).encode(words), encoder.encode(words), atol=1e-3)
