"""PaSST: the numbers of the authors' package, windows of ten seconds, patch-out in training, wrong weights.

Golden numbers are those of hear21passt 0.0.26 with the weights of tests/passt.py.
"""

import sys
from types import ModuleType

import numpy as np
import pytest
import soundfile
import torch

from passt import CLASSES, DEPTH, FEATURES, passt_state, save_passt, sounds
from zsaudio import ZsAudioError
from zsaudio.audio import audio_encoder, recording_encoder
from zsaudio.audio.extraction import extract
from zsaudio.audio.passt import ARCHITECTURES, WEIGHTS, Passt
from zsaudio.audio.passt_network import PasstNetwork
from zsaudio.storage import schemas, tables
from zsaudio.storage.files import sha256


@pytest.fixture(autouse=True)
def hub(tmp_path, monkeypatch):
    """Torch's hub folder."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    return tmp_path / "hub/checkpoints"


def network(model: str) -> PasstNetwork:
    network = PasstNetwork(ARCHITECTURES[model], FEATURES, DEPTH)
    network.load_state_dict({name: tensor for name, tensor in passt_state(model).items() if "head" not in name})
    return network.eval()


@pytest.mark.parametrize(
    ("model", "seconds", "expected"),
    [
        ("passt_n", 10, [[-0.69737, 0.79129, 1.92073, 1.06797], [-0.64995, 0.73402, 1.96556, 1.0961]]),
        ("passt_n", 4, [[-0.70685, 0.79831, 1.91949, 1.05468], [-0.6501, 0.73292, 1.96801, 1.09432]]),
        ("passt_s", 10, [[-0.69961, 0.79188, 1.92673, 1.05694], [-0.71838, 0.80449, 1.92606, 1.03141]]),
        ("passt_s", 4, [[-0.70884, 0.80038, 1.9236, 1.04381], [-0.71787, 0.80434, 1.92568, 1.03216]]),
    ],
)
def test_embeddings_are_those_of_hear21passt(model, seconds, expected):
    with torch.inference_mode():
        vectors = network(model)(sounds(seconds))
    assert vectors.shape == (2, FEATURES)
    assert vectors[:, :4].numpy() == pytest.approx(np.array(expected), abs=2e-5)


def test_the_spectrogram_is_that_of_hear21passt():
    mel = network("passt_n").mel(sounds(10))
    assert mel.shape == (2, 128, 1000)
    expected = [
        [[0.5711, -1.4025, -0.5392], [0.0509, -1.4024, -0.2261], [-1.0522, -1.262, 0.2455]],
        [[-1.4026, -1.4021, -0.4399], [-1.3928, -1.3232, 0.037], [-1.4019, -1.4025, -0.7314]],
    ]
    assert mel[:, [0, 20, 60]][:, :, [0, 500, 999]].numpy() == pytest.approx(np.array(expected), abs=2e-4)


@pytest.mark.parametrize("model", ARCHITECTURES)
def test_the_network_is_that_of_hear21passt_if_it_is_here(model, monkeypatch):
    """`pip install --no-deps hear21passt`; of timm it needs but the name of a function that downloads."""
    for name in ("timm", "timm.models", "timm.models._hub"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setattr(sys.modules["timm.models._hub"], "download_cached_file", None, raising=False)
    package = pytest.importorskip("hear21passt.models.passt")
    stride = (ARCHITECTURES[model].stride,) * 2
    theirs = package.PaSST(
        stride=stride, distilled=True, embed_dim=FEATURES, depth=DEPTH, num_heads=1, num_classes=CLASSES
    )
    theirs.load_state_dict(passt_state(model))
    ours, x = network(model), sounds(10)
    with torch.inference_mode():
        _, expected = theirs.eval()(ours.mel(x)[:, None])
        assert ours(x).numpy() == pytest.approx(expected.numpy(), abs=1e-5)


@pytest.fixture
def long(tmp_path):
    """A recording of 25 s, and its samples."""
    samples = sounds(25)[0].numpy()
    soundfile.write(tmp_path / "long.wav", samples, 32_000, subtype="FLOAT")
    return tmp_path / "long.wav", samples


def test_a_recording_has_a_row_for_each_ten_seconds(tmp_path, long):
    path, samples = long
    encoder = Passt("passt_n", str(save_passt(tmp_path)), batch_size=2)
    (shard,) = extract(encoder, {"long": path}, 4, tmp_path / "shards", 1).shards
    table = tables.read_table(shard, schemas.AUDIO)
    assert tables.clip_seconds(shard) == {"long": 30}
    assert table["n_segments"].to_pylist() == [3]
    rows = tables.matrix(table, "embedding").reshape(4, FEATURES)
    filled = np.pad(samples, (0, 5 * 32_000)).reshape(3, -1)  # the last window, with silence
    with torch.inference_mode():
        expected = torch.cat([network("passt_n")(torch.from_numpy(window)[None]) for window in filled]).numpy()
    assert rows[:3] == pytest.approx(expected, abs=1e-5)
    assert not rows[3].any()
    assert np.abs(expected[0] - expected[1]).max() > 1e-3


@pytest.mark.parametrize(
    ("model", "seconds", "all_patches", "left"),
    [
        ("passt_n", 10, 8 * 62, (8 - 2) * (62 - 15)),  # Primus et al., Table 2
        ("passt_s", 10, 12 * 99, (12 - 4) * (99 - 50)),
        ("passt_n", 4, 8 * 25, (8 - 2) * (25 - 6)),  # the same share of the columns: 15 * 25 // 62
    ],
)
def test_training_leaves_patches_out_and_nothing_else_does(model, seconds, all_patches, left):
    passt, x = network(model), sounds(seconds)
    lengths = []
    passt.blocks.register_forward_pre_hook(lambda _, inputs: lengths.append(inputs[0].shape[1] - 2))  # less the tokens
    with torch.no_grad():
        first, second = passt(x), passt(x)
        passt.train()
        drawn, drawn_again = passt(x), passt(x)
    assert lengths == [all_patches, all_patches, left, left]
    assert torch.equal(first, second)
    assert not torch.equal(drawn, drawn_again)


def test_gradients_reach_all_parameters_and_not_the_spectrogram():
    passt, x = network("passt_n").train(), sounds(1).requires_grad_()
    passt(x).square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in passt.parameters())
    assert x.grad is None


def test_a_sound_beyond_the_positions_is_refused():
    with pytest.raises(ValueError, match="sounds of 352,000 samples: expected at most 320,000, ten seconds"):
        network("passt_n")(sounds(11))


def test_an_encoder_is_made_again_from_its_metadata(tmp_path):
    encoder = audio_encoder("passt", {"model": "passt_s", "weights": str(save_passt(tmp_path, "passt_s"))})
    assert encoder.metadata["seconds"] == "10"
    assert recording_encoder(encoder.metadata).metadata == encoder.metadata
    moved = (tmp_path / "passt.pt").rename(tmp_path / "moved.pt")
    assert recording_encoder(encoder.metadata, weights=str(moved)).metadata["weights"] == str(moved)
    other = save_passt(tmp_path / "other", "passt_n")
    with pytest.raises(ZsAudioError, match=r"audio\.passt\.weights: .*: the sha256 is .*, but .* is asked for"):
        recording_encoder(encoder.metadata, weights=str(other))


def test_weights_come_from_the_public_address(tmp_path, monkeypatch):
    mirrored = tmp_path / "mirror" / WEIGHTS["passt_n"].split("://")[1]
    save_passt(mirrored.parent).rename(mirrored)
    encoder = audio_encoder("passt", {"weights": None}, mirror=str(tmp_path / "mirror"))
    assert encoder.metadata["weights"] == WEIGHTS["passt_n"]
    assert encoder.metadata["weights_sha256"] == sha256(mirrored)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda _: passt_state("passt_s"), "freq_new_pos_embed"),
        (lambda state: {name: tensor for name, tensor in state.items() if name != "cls_token"}, "cls_token"),
        (lambda state: state | {"more": torch.zeros(1)}, "more"),
        (lambda state: state | {"norm.bias": torch.full([FEATURES], torch.nan)}, r"norm\.bias holds NaN or infinity"),
        (
            lambda state: state | {"norm.weight": torch.zeros(7)},
            r"norm\.weight has 7 numbers, and not a multiple of 64",
        ),
        (lambda _: {"weight": torch.zeros(3)}, ""),
        (lambda _: [1, 2], ""),
    ],
    ids=["other stride", "less", "more", "NaN", "size", "other network", "no weights"],
)
def test_weights_of_something_else_are_named_and_not_kept(tmp_path, hub, change, reason):
    torch.save(change(passt_state()), tmp_path / "other.pt")
    message = rf"audio\.passt\.weights: .*other\.pt does not hold the weights of the network passt_n \(.*{reason}.*\)\."
    with pytest.raises(ZsAudioError, match=message):
        Passt("passt_n", str(tmp_path / "other.pt"))
    assert not hub.exists()


def test_an_unknown_model_is_named():
    with pytest.raises(ZsAudioError, match=r"audio\.passt\.model: expected one of passt_n, passt_s, got 'passt_l'"):
        audio_encoder("passt", {"model": "passt_l"})
