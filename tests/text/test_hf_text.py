"""BERT pooling on a tiny BertModel, which the test saves in the public file format."""

import json
import re
import shutil
from functools import partial

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from zsaudio import ZsAudioError
from zsaudio.pretrained.hub import PINNED, locate
from zsaudio.text import Label
from zsaudio.text.hf_text import HfText, TextPooling

Bert = partial(HfText, name="bert")
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "dog", "bark", "##ing", "big", "sound", ".", "of", "a"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.processors import TemplateProcessing
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    path = tmp_path_factory.mktemp("hub") / "tiny-bert"
    tokenizer = Tokenizer(WordPiece({word: i for i, word in enumerate(VOCABULARY)}, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = BertNormalizer(), BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    specials = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **specials).save_pretrained(path)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(VOCABULARY), hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16
    )
    BertModel(config).save_pretrained(path)
    return path


def hidden(folder, pieces: list[str]) -> np.ndarray:
    """Last hidden layer of one sequence, [CLS] first and [SEP] last, straight from the model."""
    from transformers import BertModel

    ids = [VOCABULARY.index(piece) for piece in ["[CLS]", *pieces, "[SEP]"]]
    with torch.inference_mode():
        return BertModel.from_pretrained(folder).eval()(torch.tensor([ids])).last_hidden_state[0].numpy()


def test_words_are_embedded_one_by_one_and_averaged(folder):
    embedding = Bert(str(folder)).encode([Label("Big barking")])[0]
    big, barking = hidden(folder, ["big"])[1:-1].mean(0), hidden(folder, ["bark", "##ing"])[1:-1].mean(0)
    assert np.allclose(embedding, (big + barking) / 2, atol=1e-5)


def test_label_is_the_mean_over_its_pieces_without_special_tokens(folder):
    embedding = Bert(str(folder), pooling=TextPooling.LABEL).encode([Label("Big barking dog")])[0]
    assert np.allclose(embedding, hidden(folder, ["big", "bark", "##ing", "dog"])[1:-1].mean(0), atol=1e-5)


def test_cls_is_the_first_vector(folder):
    embedding = Bert(str(folder), pooling=TextPooling.CLS).encode([Label("Big dog")])[0]
    assert np.allclose(embedding, hidden(folder, ["big", "dog"])[0], atol=1e-5)


def test_description_follows_the_label(folder):
    embedding = Bert(str(folder), pooling=TextPooling.DESCRIPTION).encode([Label("Dog", "sound of a dog")])[0]
    pieces = ["dog", ".", "sound", "of", "a", "dog"]
    assert np.allclose(embedding, hidden(folder, pieces)[1:-1].mean(0), atol=1e-5)


@pytest.mark.parametrize("pooling", list(TextPooling))
def test_batches_and_padding_change_nothing(folder, pooling):
    labels = [Label("Dog"), Label("Big barking dog sound", "a big dog"), Label("sound of a big dog")]
    together = Bert(str(folder), pooling=pooling, batch_size=64).encode(labels)
    one_by_one = Bert(str(folder), pooling=pooling, batch_size=1).encode(labels)
    assert together.shape == (3, 8)
    assert np.allclose(together, one_by_one, atol=1e-5)


def test_another_device_changes_nothing(folder):
    labels = [Label("Dog"), Label("Dog bark")]
    assert np.allclose(Bert(str(folder), device="cpu:0").encode(labels), Bert(str(folder)).encode(labels), atol=1e-6)


def test_a_label_that_the_tokenizer_does_not_know_is_an_error(folder):
    with pytest.raises(ZsAudioError, match="the tokenizer knows no piece of 'Violin'"):
        Bert(str(folder)).encode([Label("Dog"), Label("Violin")])


def test_name_and_revision_say_which_weights(folder):
    metadata = Bert(str(folder)).metadata
    assert metadata["encoder"] == "bert:tiny-bert"
    assert metadata["revision"].startswith("sha256:")
    assert metadata == Bert(str(folder)).metadata


def test_a_hub_name_is_looked_up_in_the_mirror(folder, tmp_path):
    mirrored = tmp_path / "huggingface.co" / "someone" / "tiny-bert" / "resolve" / "main"
    mirrored.parent.mkdir(parents=True)
    mirrored.symlink_to(folder)
    assert locate("text.bert.model", "someone/tiny-bert", "main", tmp_path) == mirrored
    assert Bert("someone/tiny-bert", mirror=tmp_path).metadata["encoder"] == "bert:someone/tiny-bert"
    assert Bert(str(mirrored)).metadata["encoder"] == "bert:tiny-bert"


COMMIT = PINNED["bert-base-uncased"]


@pytest.mark.parametrize(
    ("model", "asked", "read"),
    [
        ("bert-base-uncased", None, COMMIT),
        ("bert-base-uncased", "main", "main"),
        ("someone/tiny-bert", None, "main"),
        ("someone/tiny-bert", "v2", "v2"),
    ],
)
def test_the_hub_is_asked_for_the_pinned_commit_unless_another_is_named(
    folder, tmp_path, monkeypatch, model, asked, read
):
    revisions = []

    def snapshot_download(name, revision, allow_patterns):
        revisions.append(revision)
        (tmp_path / "snapshots").mkdir(exist_ok=True)
        (tmp_path / "snapshots/0123abc").symlink_to(folder)
        return str(tmp_path / "snapshots/0123abc")

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    metadata = Bert(model, asked).metadata
    assert revisions == [read]
    assert metadata["branch"] == "0123abc"  # the commit, whatever it was asked by


@pytest.mark.parametrize(("has", "found"), [(["main"], "main"), ([COMMIT], COMMIT), (["main", COMMIT], COMMIT)])
def test_a_mirror_may_have_main_in_place_of_the_pinned_commit(folder, tmp_path, has, found):
    place = tmp_path / "huggingface.co/bert-base-uncased/resolve"
    place.mkdir(parents=True)
    for name in has:
        (place / name).symlink_to(folder)
    assert Bert("bert-base-uncased", mirror=tmp_path).metadata["branch"] == found


def test_pins_are_commits():
    assert all(re.fullmatch("[0-9a-f]{40}", commit) for commit in PINNED.values())


def test_a_model_that_cannot_be_downloaded_is_named(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    message = r"text\.bert\.model: 'nobody/nothing' is no folder here and could not be downloaded from the hub"
    with pytest.raises(ZsAudioError, match=message):
        Bert("nobody/nothing")


def test_weights_of_another_model_are_refused(folder, tmp_path):
    """transformers would draw missing weights at random and only log it."""
    path = tmp_path / "other"
    shutil.copytree(folder, path)
    weights = load_file(path / "model.safetensors")
    save_file({name.replace("layer.1.", "layer.9."): t for name, t in weights.items()}, path / "model.safetensors")
    with pytest.raises(ZsAudioError, match=r"model\.safetensors: lacks \d+ of the weights that config\.json asks for"):
        Bert(str(path))


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"])
@pytest.mark.parametrize(
    "damage",
    [None, cut, lambda _: b"", lambda _: b"[]", lambda _: b"[" * 10**5, lambda _: bytes(range(256)), lambda _: b"null"],
    ids=["gone", "cut", "empty", "a list", "deep", "binary", "null"],
)
def test_a_damaged_file_is_named(folder, tmp_path, file, damage):
    path = shutil.copytree(folder, tmp_path / "damaged")
    content = (path / file).read_bytes()
    (path / file).unlink()
    if damage:
        (path / file).write_bytes(damage(content))
    assert f"cannot be loaded: {file}: " in refusal(path)


def refusal(path) -> str:
    """The sentence that a folder is refused with."""
    with pytest.raises(ZsAudioError) as refused:
        Bert(str(path)).encode([Label("Dog", "sound " * 999)])
    message = str(refused.value)
    assert message.startswith("text.bert.model: ")
    assert "\n" not in message
    assert len(message) < 700
    return message


@pytest.mark.parametrize(
    ("file", "changes", "message"),
    [
        ("config.json", {"num_hidden_layers": 10**9}, "config.json: num_hidden_layers: expected at most 1,000, got"),
        ("config.json", {"n_layers": 10**30}, "config.json: n_layers: expected at most 1,000, got"),
        ("config.json", {"num_hidden_layers": 3}, r"model.safetensors: it holds [\d,]+ numbers, and config.json asks"),
        ("config.json", {"num_hidden_layers": 1}, "model.safetensors: has weights that config.json does not ask for"),
        ("config.json", {"num_hidden_layers": -1}, "model.safetensors: has weights that config.json does not ask for"),
        ("config.json", {"vocab_size": 10**12}, "model.safetensors: it holds .* asks for 8,000,000,"),
        ("config.json", {"hidden_size": 10**18}, "config.json: "),
        ("config.json", {"hidden_size": 10**9}, "model.safetensors: it holds "),
        ("config.json", {"hidden_size": "eight"}, "config.json: .*hidden_size"),
        ("config.json", {"intermediate_size": 4}, r"model.safetensors: .* has the shape \(16,\), and config.json asks"),
        ("config.json", {"num_attention_heads": 0}, "config.json: "),
        ("config.json", {"hidden_act": "loud"}, "config.json: "),
        ("config.json", {"model_type": "nothing"}, "config.json: .*model type `nothing`"),
        ("config.json", {"chunk_size_feed_forward": 7}, "config.json: "),
        ("tokenizer.json", {"model": {"type": "WordPiece", "vocab": {}}}, "tokenizer.json: "),
        ("tokenizer.json", {"normalizer": {"type": "Nothing"}}, "tokenizer.json: "),
        ("tokenizer_config.json", {"model_max_length": 1}, "tokenizer_config.json: texts are not cut to the 512"),
        ("tokenizer_config.json", {"model_max_length": "x"}, "tokenizer_config.json: "),
        ("tokenizer_config.json", {"pad_token": None}, "tokenizer_config.json: "),
        ("tokenizer_config.json", {"cls_token": "new"}, "tokenizer_config.json: the tokenizer has a piece of"),
        ("tokenizer_config.json", {"cls_token": 3}, "tokenizer_config.json: "),
    ],
)  # fmt: skip
def test_a_file_with_another_value_is_named(folder, tmp_path, file, changes, message):
    path = shutil.copytree(folder, tmp_path / "changed")
    values = json.loads((path / file).read_text(encoding="utf-8")) | changes
    (path / file).write_text(json.dumps(values), encoding="utf-8")
    assert re.search(f"cannot be loaded: {message}", refusal(path))


TENSOR = "encoder.layer.1.output.dense.weight"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tensor: tensor.fill_(torch.nan), f"{TENSOR} holds NaN or infinity"),
        (lambda tensor: tensor.double().fill_(1e300), f"{TENSOR} holds NaN or infinity"),
        (lambda tensor: tensor.fill_(1e38), "its numbers are so large that the network overflows"),
        (
            lambda tensor: tensor.T.contiguous(),
            rf"{TENSOR} has the shape \(16, 8\), and config.json asks for \(8, 16\)",
        ),
        (lambda tensor: tensor.new_zeros(0, 8), "it holds [0-9,]+ numbers, and config.json asks for [0-9,]+"),
    ],
)
def test_a_tensor_that_does_not_do_is_named(folder, tmp_path, change, message):
    path = shutil.copytree(folder, tmp_path / "changed")
    weights = load_file(path / "model.safetensors")
    save_file(weights | {TENSOR: change(weights[TENSOR].clone())}, path / "model.safetensors")
    assert re.search(f"cannot be loaded: model.safetensors: {message}", refusal(path))


def test_weights_in_a_pickle_are_not_read(folder, tmp_path):
    path = shutil.copytree(folder, tmp_path / "pickled")
    torch.save(load_file(path / "model.safetensors"), path / "pytorch_model.bin")
    (path / "model.safetensors").unlink()
    assert "cannot be loaded: model.safetensors: " in refusal(path)


def test_code_in_a_folder_is_not_run(folder, tmp_path):
    path = shutil.copytree(folder, tmp_path / "with code")
    values = json.loads((path / "config.json").read_text(encoding="utf-8"))
    values |= {"model_type": "own", "auto_map": {"AutoConfig": "own.Own", "AutoModel": "own.Own"}}
    (path / "config.json").write_text(json.dumps(values), encoding="utf-8")
    (path / "own.py").write_text(f"open({str(tmp_path / 'was run')!r}, 'w')\n")
    assert "cannot be loaded: config.json: " in refusal(path)
    assert not (tmp_path / "was run").exists()


def test_a_long_description_is_cut_to_what_the_network_takes(folder):
    long = Bert(str(folder), pooling=TextPooling.DESCRIPTION).encode([Label("Dog", "sound " * 600)])
    assert np.array_equal(
        long, Bert(str(folder), pooling=TextPooling.DESCRIPTION).encode([Label("Dog", "sound " * 900)])
    )


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(ZsAudioError, match=r"text\.bert\.model: .* cannot be loaded: .*It needs config\.json"):
        Bert(str(tmp_path))


def test_a_real_encoder_puts_related_labels_together(mirror):
    folder = mirror / "huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/main"
    if not folder.is_dir():
        pytest.skip("the mirror has no all-MiniLM-L6-v2")
    dog, wolf, guitar = Bert(str(folder)).encode([Label("Dog"), Label("Wolf"), Label("Guitar")])

    def cosine(a, b):
        return a @ b / np.linalg.norm(a) / np.linalg.norm(b)

    assert dog.shape == (384,)
    assert cosine(dog, wolf) > cosine(dog, guitar)
