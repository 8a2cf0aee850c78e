"""VGGish against torchvggish's network, with random weights in its file format."""

import numpy as np
import pytest
import torch
from torchvggish import torchvggish

from signals import SIGNALS
from weights import PCA_NAME, save_published, save_vggish, vggish_network
from zsaudio import ZsAudioError
from zsaudio.audio import recording_encoder
from zsaudio.audio.google_vggish import METADATA, PCA, WEIGHTS
from zsaudio.audio.recording import SAMPLE_RATE
from zsaudio.audio.vggish import Vggish
from zsaudio.formats.tfrecord import OFFSET, SCALE


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return save_vggish(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def encoders(files):
    weights, pca = map(str, files)
    return {
        "pca": Vggish(weights, pca),
        "raw": Vggish(weights, output="raw"),
        "relu": Vggish(weights, output="raw", activation="relu"),
        "bfloat16": Vggish(weights, output="raw", precision="bfloat16"),
    }


@pytest.fixture(scope="module")
def examples(encoders):
    sounds = [SIGNALS[name](SAMPLE_RATE, seed=1).reshape(-1, SAMPLE_RATE) for name in SIGNALS]
    seconds = np.concatenate([*sounds, 0.02 * sounds[0], np.zeros((1, SAMPLE_RATE))]).astype(np.float32)
    return encoders["raw"].front_end(seconds)


@pytest.fixture(scope="module")
def stock(examples):
    """Output of torchvggish's own network, with its ReLU."""
    with torch.inference_mode():
        return vggish_network()(torch.from_numpy(examples)[:, None]).numpy()


@pytest.fixture(scope="module")
def stock_before_relu(examples):
    network = vggish_network()
    with torch.inference_mode():
        flat = network.features(torch.from_numpy(examples)[:, None]).permute(0, 2, 3, 1).flatten(1)
        return network.embeddings[:-1](flat).numpy()


def test_the_path_for_a_gpu_gives_the_same(files, encoders, examples):
    """cpu:0 takes the same path as a GPU: weights and batches are moved, and all threads work on one batch."""
    moved = Vggish(str(files[0]), output="raw", device="cpu:0")
    assert np.abs(moved.network(examples) - encoders["raw"].network(examples)).max() < 1e-5


def test_embeddings_equal_torchvggish(encoders, examples, stock, stock_before_relu):
    assert np.abs(encoders["relu"].network(examples) - stock).max() < 1e-4
    assert np.abs(encoders["raw"].network(examples) - stock_before_relu).max() < 1e-4
    assert stock_before_relu.min() < -0.1  # so that the activation makes a difference
    assert np.array_equal(encoders["raw"].embed(examples), encoders["raw"].network(examples).astype(np.float16))


def test_bfloat16_is_close(encoders, examples, stock_before_relu):
    coarse = encoders["bfloat16"].network(examples)
    norms = np.linalg.norm(coarse, axis=1) * np.linalg.norm(stock_before_relu, axis=1)
    cosine = (coarse * stock_before_relu).sum(1) / norms
    assert cosine.min() >= 0.9999
    assert not np.array_equal(coarse, encoders["raw"].network(examples))


def test_pca_equals_torchvggish_but_for_rounding(encoders, examples, stock_before_relu, tmp_path, monkeypatch):
    """torchvggish rounds to the nearest; we round down, as Google's code does and as dequantising assumes."""
    save_published(tmp_path)
    params = torch.load(tmp_path / PCA_NAME, weights_only=False)
    monkeypatch.setattr(torchvggish.hub, "load_state_dict_from_url", lambda url: params)
    rounded = torchvggish.Postprocessor().postprocess(torch.from_numpy(stock_before_relu)).numpy()
    ours = encoders["pca"].embed(examples)
    assert ours.dtype == np.uint8
    difference = rounded - ours
    assert set(np.unique(difference)) == {0.0, 1.0}
    assert 0.3 < difference.mean() < 0.7
    assert ((ours > 0) & (ours < 255)).mean() > 0.5  # most lies within the range
    metadata = encoders["pca"].metadata
    assert (float(metadata["scale"]), float(metadata["offset"])) == (SCALE, OFFSET)


def test_the_number_of_threads_changes_no_bit_and_the_batch_little(encoders, examples):
    many = np.concatenate([examples] * 8)
    threads = torch.get_num_threads()
    try:
        outputs = []
        for n in (1, 2):
            torch.set_num_threads(n)
            outputs.append(encoders["raw"].network(many))
            assert torch.get_num_threads() == n
    finally:
        torch.set_num_threads(threads)
    assert np.array_equal(*outputs)
    assert np.abs(outputs[0][: len(examples)] - encoders["raw"].network(examples)).max() < 1e-5


def test_google_vggish_hears_recordings_without_relu_after_pca(files):
    weights, pca = map(str, files)
    encoder = recording_encoder({"encoder": "google_vggish", "weights": WEIGHTS, "pca": PCA}, weights=weights, pca=pca)
    assert {"output": "pca", "activation": "none", "precision": "float32"}.items() <= encoder.metadata.items()


def test_other_weights_than_the_models_are_named(files):
    metadata = {"encoder": "vggish", "weights": str(files[0]), "output": "raw", "weights_sha256": "0" * 64}
    with pytest.raises(ZsAudioError, match=r"audio\.vggish\.weights: .+: the sha256 is .+ 000+ is asked for"):
        recording_encoder(metadata)


def test_other_pca_than_the_models_is_named(files):
    metadata = {"encoder": "vggish", "weights": str(files[0]), "pca": str(files[1]), "pca_sha256": "0" * 64}
    with pytest.raises(ZsAudioError, match=r"audio\.vggish\.pca: .+: the sha256 is .+ 000+ is asked for"):
        recording_encoder(metadata)
    # The released embeddings come from the public weights and from no others.
    with pytest.raises(ZsAudioError, match=r"audio\.vggish\.weights: .+: the sha256 is .+ 10086976 is asked for"):
        recording_encoder(METADATA, weights=str(files[0]), pca=str(files[1]))


def test_a_second_alone_equals_the_same_second_in_a_batch(encoders, examples):
    for name in ("raw", "bfloat16"):
        alone, together = encoders[name].network(examples[:1]), encoders[name].network(examples[:2])
        assert np.array_equal(alone[0], together[0])
