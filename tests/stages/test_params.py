"""params.yaml: the committed one is valid, and a mistake is one sentence that says what is expected."""

import copy
import difflib
import json
import math
import re
import shutil
from itertools import pairwise

import pytest
import yaml
from dvc.utils.hydra import apply_overrides

from committed import COMMITTED, ROOT, changed, path_of, places, replaced, value_at
from params import parse_params
from pipeline import read_params
from zsaudio import ZsAudioError

SECTIONS = "known are corpus, device, matmul, threads, gamma, threshold, resamples, models"
TRAINING = (
    "known are seeds, epochs, batch_size, optimiser, lr, weight_decay, schedule, mixup, balance, "
    "segment_dropout, patience, margin, rank, weights, engine, parts"
)


# Nine times nine times ... as many values, in seven lines.
REPEATED = "a: &a [1, 1]\n" + "".join(f"{y}: &{y} [{', '.join([f'*{x}'] * 9)}]\n" for x, y in pairwise("abcdefg"))


def refusal(values: object) -> str:
    with pytest.raises(ZsAudioError) as refused:
        parse_params(values)
    return str(refused.value)


def test_the_committed_params_are_the_papers():
    params = parse_params(COMMITTED)
    assert (params.gamma, params.threshold, params.corpus) == (0.5, "validation", "demo")
    train = params.train
    assert (train.epochs, train.batch_size, train.lr, train.margin, len(train.seeds)) == (100, 32, 0.01, 1.0, 10)
    assert (train.optimiser, train.rank, train.weights) == ("sgd", "index", "last")
    assert (params.folds.spanning, params.folds.min_labels, params.classes.nested) == ("drop", 1, "both")
    assert (params.text.bert.model, params.text.bert.pooling) == ("bert-base-uncased", "words")
    attention = params.variant("temporal_attention")
    parts = {
        "pooling": "all_segments",
        "projection": "tanh",
        "aggregator": "attention",
        "score": "dot",
        "objective": "warp",
    }
    assert attention.parts() == parts
    assert (attention.task, attention.fused, attention.knobs) == ("zero_shot", True, {})
    assert params.variant("uniform_aggregation").aggregator == "sum"
    assert params.variant("supervised").task == "cross_validation"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("gama", 0.3, f"gama is unknown (did you mean gamma?); {SECTIONS}"),
        ("studies", ["rank"], f"studies is unknown; {SECTIONS}"),
        ("train.learning_rate", 1, f"train.learning_rate is unknown; {TRAINING}"),
        ("train.epoch", 1, f"train.epoch is unknown (did you mean epochs?); {TRAINING}"),
        (
            "audio.vggish.output_", "raw",
            "audio.vggish.output_ is unknown (did you mean output?); known are weights, pca, output, activation, prec",
        ),
        ("gamma", "high", "gamma: expected a number from 0 to 1, got 'high'"),
        ("gamma", 1.5, "gamma: expected a number from 0 to 1, got 1.5"),
        ("gamma", True, "gamma: expected a number from 0 to 1, got True"),
        ("gamma", None, "gamma: expected a number from 0 to 1, got None"),
        ("corpus", "audio_set", "corpus: expected one of demo, audioset, audioset_audio, local, captioned; got 'au"),
        ("models", [], "models: expected at least 1 of them, got 0"),
        ("models", "supervised", "models: expected a list, got 'supervised'"),
        ("models", ["supervised", "supervised"], "models: 'supervised' is listed twice"),
        ("baselines", ["one_rule"], "baselines.0: expected one of zero_rule, every_class, clap; got 'one"),
        ("settings", ["setting4"], "settings.0: expected one of setting1, setting2, setting3; got 'setting4' (did you"),
        ("settings", ["setting1", "setting1"], "settings: 'setting1' is listed twice"),
        ("threshold", "best", "threshold: expected 'validation' or a number, got 'best'"),
        ("threshold", math.nan, "threshold: expected 'validation' or a number, got nan"),
        ("resamples", 99, "resamples: expected a whole number from 100 to 1,000,000, got 99"),
        ("threads", -1, "threads: expected a whole number from 0 to 1,024, got -1"),
        ("train", None, "train: expected a section with keys of its own, got None"),
        ("train.lr", math.inf, "train.lr: expected a number above 0, at most 100, got inf"),
        ("train.lr", 0, "train.lr: expected a number above 0, at most 100, got 0"),
        ("train.lr", 1e30, "train.lr: expected a number above 0, at most 100, got 1e+30"),
        ("train.margin", -1, "train.margin: expected a number of at least 0, got -1"),
        ("train.epochs", "many", "train.epochs: expected a whole number from 1 to 1,000,000,000, got 'many'"),
        ("train.epochs", 2.5, "train.epochs: expected a whole number from 1 to 1,000,000,000, got 2.5"),
        ("train.optimiser", "adm", "train.optimiser: expected one of sgd, adam, adamw; got 'adm' (did you mean adam?)"),
        ("train.seeds", [10**20], "train.seeds.0: expected a whole number from 0 to 2,147,483,647, got 1000000"),
        ("train.seeds", [0, 0], "train.seeds: 0 is listed twice"),
        ("train.seeds", list(range(101)), "train.seeds: expected at most 100 of them, got 101"),
        ("train.seeds", 10**400, "train.seeds: expected a list, got a number of hundreds of digits"),
        ("demo.clips", 29, "demo.clips: expected a whole number from 30 to 1,000,000, got 29"),
        ("folds.split", "random", "folds.split: expected 'greedy' or a whole number, the seed of a random split, got "),
        ("strong_labels.audio_set", [], "strong_labels.audio_set: expected one of demo, audioset, audioset_audio"),
        ("strong_labels.demo", 3, "strong_labels.demo: expected a list, got 3"),
        ("audioset.ontology", "o.json", "audioset.ontology: expected an address that starts with http:// or https://"),
        ("audioset.sha256.ontology.json", "", "audioset.sha256.ontology.json: expected 64 digits of 0 to 9 and a to"),
        ("audioset.sha256.ontology.json", "9c685f44", "audioset.sha256.ontology.json: expected 64 digits of 0 to 9 "),
        ("audioset.sha256.features.tar.gz", "x" * 64, "audioset.sha256.features.tar.gz: expected 64 digits of 0 to 9 "),
        (
            "audioset.features", "http://host/features.tar.gz",
            "audioset.sha256: features.tar.gz needs one, as its address http://host/features.tar.gz is not https://",
        ),
        ("audio.vggish.weights_sha256", "10086976", "audio.vggish.weights_sha256: expected 64 digits of 0 to 9 and a "),
        ("audio.vggish.weights", "http://host/v.pth", "audio.vggish.weights: expected a file, or an address that"),
        (
            "audioset.segments", ["https://host/eval.csv"],
            "audioset.segments.0: expected an address of a file called SUBSET_segments.csv, got 'https://host/eval.csv'",
        ),
        ("audioset.segments", ["https://host/a_segments.csv"] * 2, "audioset.segments: 'https://host/a_segments.csv"),
        (
            "audioset.labels", "https://host/ontology.json",
            "audioset: https://raw.githubusercontent.com/audioset/ontology/master/ontology.json and https://host/onto",
        ),
        ("audioset.subsets", ["eval", "eval"], "audioset.subsets: 'eval' is listed twice"),
        ("text.bert.revision", "", "text.bert.revision: expected a branch, tag or commit, or nothing, got ''"),
        ("audioset.sha256.x.json", None, "audioset.sha256: 'x.json' is not fetched; known are ontology.json"),
        ("audio.vggish.pca", "a\0.npz", "audio.vggish.pca: expected a file, or an address that"),
        ("local.recordings", "a\0b", "local.recordings: expected a path without a zero byte, of names of at most 255 "),
        ("local.labels", "a" * 256, "local.labels: expected a path without a zero byte, of names of at most 255 bytes"),
        ("captioned.subsets", ["c.csv"], "captioned.subsets: expected a section with keys of its own, got ['c.csv']"),
        ("captioned.subsets.Clotho", {}, "captioned.subsets.Clotho: expected a name of lower-case letters, digits and"),
        ("captioned.subsets.own", {"captions": ["c.csv"]}, "captioned.subsets.own.recordings is missing"),
        (
            "captioned.subsets.own", {"captions": "c.csv", "recordings": "r"},
            "captioned.subsets.own.captions: expected a list, got 'c.csv'",
        ),
        (
            "captioned.subsets.own", {"captions": [], "recordings": "r"},
            "captioned.subsets.own.captions: expected at least 1 of them, got 0",
        ),
        (
            "captioned.subsets.own", {"captions": ["c.csv"], "recordings": "r", "folder": "r"},
            "captioned.subsets.own.folder is unknown; known are captions, recordings",
        ),
        ("audio.encoder.demo", "mfcc", "audio.encoder.demo: expected one of logmel, google_vggish, vggish, passt, hf"),
        ("text.bert.pooling", "max", "text.bert.pooling: expected one of words, label, cls, description; got 'max'"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_what_is_expected(path, value, message):
    assert refusal(changed({path: value})).startswith(f"params.yaml: {message}")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"text.pooling": "cls"}, "text.pooling is unknown; known are encoder, texts, bert, hf, vectors, words"),
        ({"text.words.pooling": "cls"}, "text.words.pooling is unknown; known are features"),
        ({"text.bert.features": 16}, "text.bert.features is unknown; known are model, revision, pooling, batch_size"),
        ({"audio.vggish.bands": 64}, "audio.vggish.bands is unknown; known are weights, pca, output, activation"),
        (
            {"text.vectors.table": "glove.txt"},
            "text.vectors.table: no corpus reads it; set text.encoder.demo to vectors, or leave it empty",
        ),
        (
            {"text.encoder.demo": "vectors"},
            "text.vectors.table: expected a file of word vectors, as the text encoder is vectors",
        ),
        ({"text.encoder": {"audioset": "bert"}}, "text.encoder.demo is missing: name the encoder of this corpus"),
        ({"audio.encoder": {"audioset": "vggish"}}, "audio.encoder.demo is missing: name the encoder of this corpus"),
        ({"corpus": "local"}, "local.recordings: expected the folder with the recordings, got nothing"),
        ({"corpus": "audioset_audio"}, "audioset_audio.recordings: expected the folder with the recordings, got "),
        ({"corpus": "captioned"}, "captioned.subsets: expected files of captions and the folder of their recordings"),
        ({"audio.encoder.demo": "google_vggish"}, "audio.encoder.demo: google_vggish reads the embeddings of the corp"),
        ({"corpus": "audioset", "audio.encoder.audioset": "vggish"}, "audio.encoder.audioset: google_vggish reads"),
    ],
)
def test_params_that_do_nothing_or_lack_another_are_refused(changes, message):
    assert refusal(changed(changes)).startswith(f"params.yaml: {message}")


def test_a_table_of_vectors_is_accepted_where_a_corpus_reads_it():
    params = parse_params(changed({"text.vectors.table": "glove.txt", "text.encoder.local": "vectors"}))
    assert str(params.text.vectors.table) == "glove.txt"


def test_every_mistake_is_named_at_once():
    values = copy.deepcopy(COMMITTED)
    del values["train"]["lr"], values["gamma"]
    values["device"] = "quick"
    assert refusal(values) == (
        "params.yaml: device: expected one of auto, cpu, cuda; got 'quick'; gamma is missing; train.lr is missing"
    )


@pytest.mark.parametrize("content", [[1], None, "gamma", 3])
def test_a_file_that_holds_no_section_is_refused(content):
    assert refusal(content) == f"params.yaml: expected a section with keys of its own, got {content!r}"


@pytest.mark.parametrize(
    ("path", "value", "read"),
    [
        ("train.lr", "1e-05", 1e-5),  # `dvc exp run -S train.lr=1e-5` writes 1e-05, which YAML 1.1 reads as text
        ("threshold", 1.51, 1.51),
        ("threshold", "1.51", 1.51),
        ("gamma", 1, 1.0),
        ("train.epochs", 3.0, 3),
    ],
)
def test_numbers_as_dvc_writes_them_are_numbers(path, value, read):
    parsed = parse_params(changed({path: value})).model_dump()
    for key in path.split("."):
        parsed = parsed[key]
    assert parsed == read
    assert type(parsed) is type(read)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gamma: [", "is not YAML ("),
        ("gamma: 2020-13-45", "is not YAML ("),  # the date that it looks like does not exist
        (f"gamma: {'9' * 5000}", "is not YAML ("),
        ("gamma: !!python/object:os.system x", "is not YAML ("),
        ("gamma: 0.5\n\tmatmul: tf32", "is not YAML ("),
        ("gamma: &a [*a]", "has more than 10,000 values; do not repeat them by aliases"),
        ("gamma: " + "[" * 5000, "has lists or sections nested hundreds deep"),
        (REPEATED, "has more than 10,000 values; do not repeat them by aliases"),
        ("", "expected a section with keys of its own, got None"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path, text, message):
    path = tmp_path / "params.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ZsAudioError, match=re.escape(message)) as refused:
        read_params(path)
    assert "\n" not in str(refused.value)


def test_no_file_and_a_file_of_bytes_say_where_stages_run(tmp_path):
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00gamma")
    for name in ("bytes.yaml", "nowhere.yaml"):
        with pytest.raises(ZsAudioError, match=f"{name}: cannot be read; run stages from the project's folder"):
            read_params(tmp_path / name)


@pytest.mark.parametrize(
    "override",
    [
        "gamma=0.3",
        "train.lr=1e-5",
        "train.seeds=[0]",
        "models=[supervised]",
        "baselines=[]",
        "classes.animal_groups=[]",
        "+variants.cosine={aggregator: mean, score: cosine, objective: warp, title: Cosine}",
        "+variants.supervised.lr=1",
    ],
)
def test_dvc_changes_nothing_but_the_value(tmp_path, override):
    """`dvc exp run -S` writes params.yaml anew; as it is in DVC's own style, no other line and no comment changes."""
    path = tmp_path / "params.yaml"
    shutil.copyfile(ROOT / "params.yaml", path)
    before = path.read_text(encoding="utf-8").splitlines()
    apply_overrides(path, [override])
    after = path.read_text(encoding="utf-8").splitlines()
    key = override.split("=")[0].removeprefix("+").split(".")[-1]
    for line in difflib.ndiff(before, after):
        if line.startswith(("- ", "+ ")):
            is_item = line[2:].lstrip().startswith("- ")
            is_of_the_new_entry = "cosine" in override and re.match(
                r"\+     (aggregator|score|objective|title): ", line
            )
            assert is_item or is_of_the_new_entry or line[2:].lstrip().startswith(f"{key}:"), line
    assert re.findall("#.*", "\n".join(after)) == re.findall("#.*", "\n".join(before))
    parse_params(yaml.safe_load("\n".join(after)))


LISTS = [place for place in places() if isinstance(value_at(place), list)]


@pytest.mark.parametrize("place", LISTS, ids=path_of)
def test_every_list_can_be_emptied_shortened_and_put_back(tmp_path, place):
    path = tmp_path / "params.yaml"
    shutil.copyfile(ROOT / "params.yaml", path)
    whole = value_at(place)
    for value in ([], whole[:1], [], whole):
        apply_overrides(path, [f"{path_of(place)}={json.dumps(value)}"])
        assert yaml.safe_load(path.read_text(encoding="utf-8")) == replaced(place, value)
    assert path.read_bytes() == (ROOT / "params.yaml").read_bytes()


def test_a_variant_that_is_like_another_has_all_that_it_does_not_say_of_itself():
    rows = {
        "first": {"aggregator": "mean", "score": "cosine", "objective": "warp", "temperature": 0.1, "title": "First"},
        "second": {"like": "first", "score": "dot", "title": "Second"},
        "third": {"like": "second", "ensemble": 3, "title": "Third"},
    }
    variants = parse_params(changed({f"variants.{name}": row for name, row in rows.items()})).variants
    third = variants["third"]
    assert (third.aggregator, third.score, third.ensemble, third.like) == ("mean", "dot", 3, "second")
    assert third.knobs == {"temperature": 0.1}
    assert variants["first"].score == "cosine"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"variants.uniform_mean.like": "uniform_men"},
            "variants.uniform_mean.like: expected the name of another variant, got ",
        ),
        (
            {"variants.uniform_mean.like": ["a"]},
            "variants.uniform_mean.like: expected the name of another variant, got ",
        ),
        (
            {"variants.uniform_mean.like": "ours", "variants.ours.like": "uniform_mean"},
            "variants.uniform_mean.like: leads from uniform_mean to ours to uniform_mean, and never ends",
        ),
        ({"variants.new": {"like": "ours"}}, "variants.new.title is missing"),
        ({"variants.ours.table": "mine"}, "variants.ours.table: expected one of published, ours, ablation; got 'mine'"),
        ({"variants.ours.spanning": "all"}, "variants.ours.spanning: expected "),
    ],
)
def test_what_a_variant_is_like_is_there_and_ends(changes, message):
    assert f"params.yaml: {message}" in refusal(changed(changes))
