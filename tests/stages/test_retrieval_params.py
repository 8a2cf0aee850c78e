"""The section retrieval of params.yaml: what rows and data may not be, in a sentence each."""

from typing import Any

import pytest

import committed
from committed import COMMITTED
from params import parse_params
from zsaudio import ZsAudioError
from zsaudio.models.model import draw_model

TITLE = {"title": "A title"}
FINETUNED = {
    **TITLE,
    "finetune": True,
    "audio_encoder": "hf",
    "audio_model": "some/ast",
    "text_model": "some/bert",
}


def changed(**values: object) -> dict[str, Any]:
    """The committed params with changes in the section, by paths with __ between the keys."""
    return committed.changed({f"retrieval.{path.replace('__', '.')}": value for path, value in values.items()})


def captioned(**values: object) -> dict[str, Any]:
    """The same for a corpus of recordings with captions."""
    params = changed(**values) | {"corpus": "captioned"}
    params["captioned"]["subsets"] = {"clotho_development": {"captions": ["c.csv"], "recordings": "r"}}
    return params


def test_the_committed_rows_are_the_papers():
    retrieval = parse_params(COMMITTED).retrieval
    knobs = retrieval.knobs("dual_encoder")
    assert (knobs["units"], knobs["audio_layers"], knobs["text_layers"]) == (1024, 0, 0)
    tuned = retrieval.training("passt_n_bert_base")
    assert {name: tuned[name] for name in ("epochs", "warm_up", "lr", "last_lr", "batch_size")} == {
        "epochs": 16, "warm_up": 1, "lr": 2e-5, "last_lr": 1e-7, "batch_size": 64,
    }  # fmt: skip
    second = retrieval.training("roberta_rewrites")
    assert (second["epochs"], second["lr"], second["rewrites"]) == (5, 8e-6, 0.3)
    assert retrieval.text.max_tokens == 32


def test_the_rows_of_the_paper_can_be_asked_for_at_once():
    tuned = ["passt_n_bert_small", "passt_n_roberta_large"]
    both = ["roberta_finetuned", "roberta_rewrites"]
    rows = {"models": [*tuned, *both], "frozen": [], "finetuned": tuned, "transferred": both}
    retrieval = parse_params(captioned(rewrites="clotho_gpt.json", **rows)).retrieval
    assert retrieval.variant("roberta_rewrites").objective == "info_nce"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"models": ["dual_encodr"]}, r"models\.0: expected one of dual_encoder, .*; got 'dual_encodr' \(did you mean"),
        ({"frozen": ["dual_encoder"]}, r"models: dual_encoder_statistics must be in one of frozen, .*, and is in none"),
        ({"finetuned": ["dual_encoder"]}, r"finetuned\.0: dual_encoder needs finetune: true in retrieval\.variants"),
        ({"frozen": ["on_clotho"]}, r"frozen\.0: expected one of dual_encoder, "),
        (
            {"models": ["roberta_finetuned"], "frozen": [], "transferred": ["roberta_finetuned"]},
            r"pretrained: expected one of retrieval\.finetuned, with which transferred rows begin; got 'passt_n_rob",
        ),
        (
            {"variants__dual_encoder": {**TITLE, "finetune": True}},
            r"dual_encoder: audio_encoder: is missing, which",
        ),
        (
            {"variants__dual_encoder": {**TITLE, "text_model": "x"}},
            r"text_model: has no effect without",
        ),
        (
            {"variants__dual_encoder": {**TITLE, "trials": 3}},
            r"dual_encoder\.trials: all rows have as many",
        ),
        (
            {"variants__dual_encoder": {**TITLE, "marign": 3}},
            r"variants\.dual_encoder\.marign: no part of this variant reads it",
        ),
        (
            {"variants__dual_encoder": {**TITLE, "lr": "high"}},
            r"dual_encoder\.lr: expected a number above 0.*'high'",
        ),
        ({"variants__dual_encoder": {**TITLE, "pooling": "thirds"}}, r"variants\.dual_encoder\.pooling: "),
        (
            {"variants__report": {**TITLE, "pooling": "average"}},
            r"report: the name is taken",
        ),
        ({"train__rewrites": 0.3}, r"rewrites: expected a file of other wordings, which dual_encoder is trained on"),
        ({"data__demo__validation": {}}, r"data\.demo\.validation: expected one of subsets and share, got none"),
        ({"data__demo__train": {"share": 0.5}}, r"data\.demo: train\.share: the training recordings cannot be a share"),
        (
            {"data__demo__test": {"subsets": ["balanced_train"]}},
            r"data\.demo: test\.subsets: balanced_train is already used for train; name another",
        ),
        ({"variants__dual_encoder_ordered__title": "Dual encoder"}, r"title: another row has the same title; choose"),
        ({"text__max_tokens": 2}, r"text\.max_tokens: expected a whole number from 3 to 10,000, got 2"),
    ],
)
def test_what_cannot_be_is_one_sentence(values, message):
    with pytest.raises(ZsAudioError, match=message) as raised:
        parse_params(changed(**values))
    assert str(raised.value).startswith("params.yaml: retrieval.")
    assert "\n" not in str(raised.value)


def test_transferred_rows_have_the_encoders_that_they_begin_with():
    other = {**FINETUNED, "title": "Second", "text_model": "other/bert"}
    rows = {"models": ["first", "second"], "frozen": [], "finetuned": ["first"], "transferred": ["second"]}
    values = changed(**rows, pretrained="first", variants={"first": FINETUNED, "second": other})
    with pytest.raises(ZsAudioError, match=r"variants\.second\.text_model: expected that of first"):
        parse_params(values)


def test_a_fine_tuned_row_has_the_papers_linear_projections():
    retrieval = parse_params(COMMITTED).retrieval
    model = draw_model(retrieval.variant("on_clotho"), retrieval.knobs("on_clotho"), 768, 768, (0,))
    for side in (model.audio, model.text):
        assert [tuple(layer.weight.shape) for layer in side.layers] == [(768, 1024)]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"data__captioned__test": {"share": 0.1}}, r"data\.captioned\.test\.share: recordings may be in several"),
        ({"data__captioned__strong_labels": "a.tsv"}, r"data\.captioned\.strong_labels: has no effect on captions"),
        ({"variants__on_clotho__subsets": ["clotho"]}, r"subsets\.0: expected one of those that train, clotho_dev"),
    ],
)
def test_recordings_with_captions_have_one_role(values, message):
    rows = {"models": ["on_clotho"], "frozen": [], "finetuned": ["on_clotho"]}
    with pytest.raises(ZsAudioError, match=message):
        parse_params(captioned(**rows, **values))
