"""The files of VGGish: checked, read without running what they bring along, and named where they do not do."""

import hashlib
import io
import pickle
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save

from weights import save_published, save_vggish, vggish_network
from zsaudio import ZsAudioError
from zsaudio.audio.google_vggish import PCA, PCA_SHA256
from zsaudio.audio.published_weights import locate
from zsaudio.audio.vggish_files import read_pca, read_weights
from zsaudio.storage.files import sha256


@pytest.fixture(autouse=True)
def hub(tmp_path, monkeypatch):
    """Torch's hub folder."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    return tmp_path / "hub/checkpoints"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return save_vggish(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    return save_published(tmp_path_factory.mktemp("published"))


def read(path):
    return read_weights(path, sha256(path))


def test_a_pickle_of_weights_is_read_once_and_kept_as_safetensors(files, published, hub, monkeypatch):
    expected = read(files[0])
    assert not hub.exists()  # a file of safetensors is read where it is
    first = read(published)
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("the pickle was read again"))
    for layers in (first, read(published)):
        pairs = zip(layers, expected, strict=True)
        assert all(torch.equal(a, b) for layer, other in pairs for a, b in zip(layer, other, strict=True))
    (copy,) = hub.iterdir()
    assert load_file(copy).keys() == vggish_network().state_dict().keys()


def test_a_damaged_copy_is_not_read(published, hub):
    hub.mkdir(parents=True)
    (hub / f"{sha256(published)[:20]}-{'0' * 20}.safetensors").write_bytes(save({"features.0.weight": torch.zeros(1)}))
    assert len(read(published)) == 9


def test_a_pickle_that_would_run_code_is_refused(tmp_path):
    class Evil:
        def __reduce__(self) -> tuple:
            return open, (str(tmp_path / "was run"), "w")

    (tmp_path / "old.pth").write_bytes(pickle.dumps(Evil()))
    torch.save({"features.0.weight": Evil()}, tmp_path / "new.pth")
    for name in ("old", "new"):
        with pytest.raises(ZsAudioError, match=rf"audio\.vggish\.weights: .*{name}\.pth does not hold the weights"):
            read(tmp_path / f"{name}.pth")
    assert not (tmp_path / "was run").exists()


def test_weights_are_fetched_once_and_their_hash_is_checked(tmp_path, serve, hub):
    site = tmp_path / "site"
    site.mkdir()
    content = b"weights"
    digest = hashlib.sha256(content).hexdigest()
    for digits in (digest[:8], "00000000"):
        (site / f"vggish-{digits}.pth").write_bytes(content)
    server = serve(site)
    place = f"{server.url}/vggish-{digest[:8]}.pth"
    for _ in range(2):
        assert locate("audio.vggish.weights", place) == (hub / f"vggish-{digest[:8]}.pth", digest)
        assert len(server.ranges) == 1
    with pytest.raises(ZsAudioError, match=r"audio\.vggish\.weights: .+its sha256 is .+, not 00000000: delete the"):
        locate("audio.vggish.weights", f"{server.url}/vggish-00000000.pth")
    assert locate("audio.vggish.weights", place, checksum=digest)[1] == digest
    with pytest.raises(ZsAudioError, match=rf"weights: .*: the sha256 is {digest}, but {digest[:-1]}x is"):
        locate("audio.vggish.weights", place, checksum=f"{digest[:-1]}x")


def test_files_that_cannot_be_had_are_named():
    message = r"audio\.vggish\.weights: vggish-1\.pth could not be downloaded; tried http://127"
    with pytest.raises(ZsAudioError, match=message):
        locate("audio.vggish.weights", "http://127.0.0.1:9/vggish-1.pth")
    for place in ("nowhere.pth", ".", "", "a\0b"):
        with pytest.raises(ZsAudioError, match=r"audio\.vggish\.pca: there is no file .*\. Name a file or an address"):
            locate("audio.vggish.pca", place)


def pickled(value: object) -> bytes:
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


def with_other(**tensors: torch.Tensor) -> dict[str, torch.Tensor]:
    """The names and sizes of the network's tensors, some of them of another kind."""
    return {name: torch.zeros(1).expand(t.shape) for name, t in vggish_network().state_dict().items()} | tensors


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.pth", b""),
        ("text.pth", b"no weights"),
        ("page.pth", b"<!DOCTYPE html><html>404</html>"),
        ("stop.pth", b"."),
        ("zip.pth", b"PK\x05\x06" + bytes(18)),
        ("list.pth", pickled([1, 2])),
        ("none.pth", pickled(None)),
        ("tensor.pth", pickled(torch.zeros(3))),
        ("other.pth", pickled({"features.0.weight": torch.zeros(1)})),
        ("numbers.pth", pickled({"features.0.weight": 1.0})),
        ("shape.pth", pickled(with_other(**{"features.3.bias": torch.zeros(7)}))),
        ("more.pth", pickled(with_other(more=torch.zeros(7)))),
        ("nan.pth", pickled(with_other(**{"features.3.bias": torch.full([128], torch.nan)}))),
        ("beyond.pth", pickled(with_other(**{"features.3.bias": torch.full([128], 1e300, dtype=torch.float64)}))),
        ("empty.safetensors", b""),
        ("text.safetensors", b"no weights"),
        ("length.safetensors", b"\xff" * 8),
        ("header.safetensors", (2).to_bytes(8, "little") + b"{}"),
        ("other.safetensors", save({"features.0.weight": torch.zeros(1)})),
    ],
)  # fmt: skip
def test_a_file_that_is_no_weights_is_named_and_not_kept(tmp_path, hub, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ZsAudioError) as refused:
        read(tmp_path / name)
    message = str(refused.value)
    assert message.startswith(f"audio.vggish.weights: {tmp_path / name} does not hold the weights of torchvggish's net")
    assert "\n" not in message
    assert "features.3.bias" in message or name not in ("shape.pth", "nan.pth", "beyond.pth")
    assert not hub.exists()


@pytest.mark.parametrize("size", [1000, -1000], ids=["after 1,000 bytes", "1,000 bytes early"])
def test_weights_that_are_cut_short_are_named(files, published, tmp_path, size):
    for path in (files[0], published):
        with (tmp_path / path.name).open("wb") as file:
            file.write(path.read_bytes()[:size])
        with pytest.raises(ZsAudioError, match=rf"audio\.vggish\.weights: .*{path.name} does not hold the weights"):
            read(tmp_path / path.name)


TENSORS = {"pca_eigen_vectors": np.eye(128), "pca_means": np.zeros(128)}


def npz(**tensors: object) -> bytes:
    file = io.BytesIO()
    np.savez(file, **tensors)
    return file.getvalue()


def bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("pca_means.npy", "w") as member:
        for _ in range(20):
            member.write(bytes(10**6))
    return file.getvalue()


def with_value(tensor: str, value: float) -> bytes:
    changed = {name: values.copy() for name, values in TENSORS.items()}
    changed[tensor].flat[5] = value
    return npz(**changed)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", ""),
        (b"no arrays", ""),
        (npz(**TENSORS)[:5000], ""),
        (npz(**TENSORS)[:-50], ""),
        (npz(other=np.zeros(2)), "pca_eigen_vectors"),
        (npz(pca_eigen_vectors=np.eye(128)), "pca_means"),
        (npz(**TENSORS | {"pca_means": np.zeros(2)}), r"should be \(128, 128\) and \(128,\)"),
        (npz(**TENSORS | {"pca_eigen_vectors": np.zeros(128)}), r"should be \(128, 128\) and \(128,\)"),
        (npz(**TENSORS | {"pca_means": np.array(["x"] * 128)}), ""),
        (npz(**TENSORS | {"pca_means": np.array([{}] * 128)}), "pickle"),
        (bomb(), "unpacks to more than 10,000,000 bytes"),
        *[
            (with_value(tensor, value), f"{tensor} holds NaN or infinity")
            for tensor in TENSORS
            for value in (np.nan, -np.inf, 1e39)
        ],
    ],
)
def test_a_pca_that_does_not_do_is_named(tmp_path, content, reason):
    path = tmp_path / "pca.npz"
    path.write_bytes(content)
    message = r"audio\.vggish\.pca: .*pca\.npz does not hold VGGish's pca_eigen_vectors and pca_means \("
    with pytest.raises(ZsAudioError, match=rf"{message}.*{reason}.*\)\. Name its npz file"):
        read_pca(path)


def test_every_flipped_byte_of_a_pca_is_noticed_or_harmless(tmp_path):
    content, path = npz(**TENSORS), tmp_path / "pca.npz"
    for place in np.random.default_rng(0).integers(len(content), size=200).tolist():
        flipped = bytearray(content)
        flipped[place] ^= 0xFF
        path.write_bytes(flipped)
        try:
            vectors, means = read_pca(path)
        except ZsAudioError as error:
            assert str(error).startswith("audio.vggish.pca: ")  # noqa: PT017
        else:
            assert np.array_equal(vectors, np.eye(128))
            assert not means.any()


def test_the_real_pca_is_read_from_the_mirror(mirror, hub):
    path, checksum = locate("audio.vggish.pca", PCA, str(mirror))
    assert checksum == PCA_SHA256
    assert read_pca(path)[0].shape == (128, 128)
    assert not hub.exists()
