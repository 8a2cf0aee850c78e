"""VGGish against torchvggish's network, with random weights in its file format."""

import hashlib
import shutil

import numpy as np
import pytest
import torch
from torchvggish import torchvggish

from signals import SIGNALS
from weights import PCA_NAME, save_vggish, vggish_network
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


def test_pca_equals_torchvggish_but_for_rounding(encoders, examples, stock_before_relu, files, monkeypatch):
    """torchvggish rounds to the nearest; we round down, as Google's code does and as dequantising assumes."""
    params = torch.load(files[0].parent / PCA_NAME, weights_only=False)
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
    with pytest.raises(ZsAudioError, match=r"audio\.vggish\.weights: the sha256 is .+ was trained with 000"):
        recording_encoder(metadata)


def test_other_pca_than_the_models_is_named(files):
    metadata = {"encoder": "vggish", "weights": str(files[0]), "pca": str(files[1]), "pca_sha256": "0" * 64}
    with pytest.raises(ZsAudioError, match=r"audio\.vggish\.pca: the sha256 is .+ was trained with 000"):
        recording_encoder(metadata)
    # The released embeddings come from the public weights and from no others.
    with pytest.raises(ZsAudioError, match=r"audio\.vggish\.weights: the sha256 is .+ was trained with 10086976"):
        recording_encoder(METADATA, weights=str(files[0]), pca=str(files[1]))


def test_a_second_alone_equals_the_same_second_in_a_batch(encoders, examples):
    for name in ("raw", "bfloat16"):
        alone, together = encoders[name].network(examples[:1]), encoders[name].network(examples[:2])
        assert np.array_equal(alone[0], together[0])


def test_weights_are_fetched_once_and_their_hash_is_checked(files, tmp_path, serve, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    site = tmp_path / "site"
    site.mkdir()
    digest = hashlib.sha256(files[0].read_bytes()).hexdigest()
    shutil.copyfile(files[0], site / f"vggish-{digest[:8]}.pth")
    shutil.copyfile(files[0], site / "vggish-00000000.pth")
    server = serve(site)
    encoder = Vggish(f"{server.url}/vggish-{digest[:8]}.pth", output="raw")
    assert encoder.metadata["weights_sha256"] == digest
    assert (tmp_path / "hub/checkpoints" / f"vggish-{digest[:8]}.pth").is_file()
    asked = len(server.ranges)
    Vggish(f"{server.url}/vggish-{digest[:8]}.pth", output="raw")
    assert len(server.ranges) == asked
    with pytest.raises(ZsAudioError, match=r"audio\.vggish\.weights: .+its sha256 is .+, not 00000000: delete the"):
        Vggish(f"{server.url}/vggish-00000000.pth", output="raw")


def test_weights_that_cannot_be_downloaded_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    message = r"audio\.vggish\.weights: vggish-1\.pth could not be downloaded; tried http://127"
    with pytest.raises(ZsAudioError, match=message):
        Vggish("http://127.0.0.1:9/vggish-1.pth", output="raw")
    with pytest.raises(ZsAudioError, match=r"audio\.vggish\.weights: there is no file nowhere\.pth\. Name a file or"):
        Vggish("nowhere.pth")


def test_files_that_are_not_weights_are_named(files, tmp_path):
    (tmp_path / "text.pth").write_text("no weights")
    torch.save({"features.0.weight": torch.zeros(1)}, tmp_path / "other.pth")
    torch.save(torch.zeros(3), tmp_path / "tensor.pth")
    (tmp_path / "short.pth").write_bytes(files[0].read_bytes()[:10_000])
    for name in ("text", "other", "tensor", "short"):
        with pytest.raises(ZsAudioError, match=rf"audio\.vggish\.weights: .*{name}\.pth does not hold the weights"):
            Vggish(str(tmp_path / f"{name}.pth"))
    np.savez(tmp_path / "odd.npz", pca_eigen_vectors=np.zeros((2, 2)), pca_means=np.zeros(2))
    np.savez(tmp_path / "none.npz", other=np.zeros(2))
    for name, message in [
        ("odd", r"should be \(128, 128\)"),
        ("none", "does not hold VGGish's pca_eigen_vectors"),
        ("text.pth", ""),
    ]:
        path = tmp_path / (name if "." in name else f"{name}.npz")
        with pytest.raises(ZsAudioError, match=rf"audio\.vggish\.pca: .*{path.name}.*{message}"):
            Vggish(str(files[0]), str(path))


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e39])
@pytest.mark.parametrize("tensor", ["pca_eigen_vectors", "pca_means"])
def test_a_pca_of_no_finite_numbers_is_named_with_the_tensor(files, tmp_path, tensor, value):
    tensors = {"pca_eigen_vectors": np.eye(128), "pca_means": np.zeros(128)}
    tensors[tensor].flat[5] = value
    np.savez(tmp_path / "odd.npz", **tensors)
    with pytest.raises(ZsAudioError, match=rf"audio\.vggish\.pca: .*odd\.npz .*{tensor} holds NaN or infinity"):
        Vggish(str(files[0]), str(tmp_path / "odd.npz"))


def test_weights_of_no_finite_numbers_are_named_with_the_tensor(tmp_path):
    state = vggish_network().state_dict()
    state["features.3.bias"][7] = torch.nan
    torch.save(state, tmp_path / "odd.pth")
    with pytest.raises(ZsAudioError, match=r"audio\.vggish\.weights: .*odd\.pth: features\.3\.bias holds NaN"):
        Vggish(str(tmp_path / "odd.pth"))


def test_the_real_pca_is_read_from_the_mirror(files, mirror, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    encoder = Vggish(str(files[0]), mirror=str(mirror))
    assert encoder.metadata["pca"] == PCA
    assert not (tmp_path / "hub").exists()
