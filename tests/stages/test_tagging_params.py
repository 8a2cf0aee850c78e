"""The section tagging of params.yaml: what rows and clips may not be, in a sentence each."""

from copy import deepcopy
from typing import Any

import pytest

from committed import COMMITTED
from params import parse_params
from zsaudio import ZsAudioError


def changed(path: str, value: object) -> dict[str, Any]:
    values = deepcopy(COMMITTED)
    *sections, key = ["tagging", *path.split(".")]
    section = values
    for name in sections:
        section = section[name]
    section[key] = value
    return values


def test_the_committed_rows_are_the_papers():
    tagging = parse_params(COMMITTED).tagging
    assert tagging.settings_of("attention") == ["weak", "strong", "strong_half", "strong_quarter", "transfer"]
    assert tagging.settings_of("strong_attention") == ["strong", "strong_half", "strong_quarter", "transfer"]
    assert tagging.training("attention")["lr"] == tagging.train.lr == 0.001
    assert (tagging.train.trials, tagging.train.epochs) == (20, 50)
    combined = tagging.variant("combined_attention")
    assert (combined.attention, combined.labels, combined.supervision) == (True, ["weak"], ["strong", "pseudo"])
    assert [tagging.variant(row).alpha for row in ("combined_attention", "attention")] == [1.0, None]


def test_a_row_may_have_params_of_training_of_its_own():
    tagging = parse_params(changed("variants.strong_attention.lr", 0.3)).tagging
    assert tagging.training("strong_attention")["lr"] == 0.3
    assert tagging.training("no_attention")["lr"] == 0.001


def test_a_row_without_a_title_is_called_by_its_name():
    values = changed("titles", {})
    assert parse_params(values).tagging.title("no_attention") == "No attention"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("models", ["no_atention"], r"tagging\.models\.0: expected one of no_attention, .*; got .no_atention. \(did"),
        ("clips", ["strong"], r"tagging\.clips: weak is missing, whose clips the rows of tagging\.weak need"),
        ("clips", ["week"], r"tagging\.clips\.0: expected one of weak, strong; got 'week'"),
        ("pretrained", [], r"tagging\.pretrained: no_attention is missing, with which two-step transfer starts"),
        ("pretrained", ["attention"], r"tagging\.pretrained\.0: expected one of no_attention; got 'attention'"),
        ("models", ["attention"], r"tagging\.weak\.0: expected one of attention; got 'no_attention'"),
        ("variants.attention.alpha", 3, r"tagging\.variants\.attention\.alpha: has no effect without supervision"),
        ("variants.strong_attention.alpha", None, r"tagging\.variants\.strong_attention\.alpha: is missing, the"),
        ("variants.attention.hidden", 3, r"tagging\.variants\.attention: two-step transfer needs hidden layers, as"),
        ("variants.localise", {"attention": True, "labels": ["weak"]}, "the name is taken; choose another"),
        ("data.strong.demo.strong_labels", None, r"data\.strong\.demo\.strong_labels: expected a file of str"),
        ("variants.attention.trials", 3, r"tagging\.variants\.attention\.trials: rows are compared trial by trial"),
        ("variants.attention.alpha_", 3, r"tagging\.variants\.attention\.alpha_"),
        ("variants.attention.lr", "fast", r"tagging\.variants\.attention\.lr: expected a number"),
        (
            "variants.no_attention.supervision", ["pseudo"],
            r"tagging\.variants\.no_attention\.supervision: needs attention",
        ),
        ("titles.nobody", "Nobody", r"tagging\.titles\.nobody: there is no such row"),
        ("titles.attention", "No attention", "another row has the same title"),
        ("data.weak.demo.train", {"share": 0.5}, r"data\.weak\.demo: train\.share: the training clips cannot"),
        ("data.weak.demo.test", {"subset": "eval", "share": 0.5}, "expected one of subset, list and share, got subs"),
        ("data.weak.demo.test", {"share": 0}, r"test\.share: expected a number above 0, at most 1, got 0"),
        ("settings", ["weak"], r"tagging\.settings\.0: expected one of strong, strong_half, strong_quarter; got"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence(path, value, message):
    with pytest.raises(ZsAudioError, match=message) as error:
        parse_params(changed(path, value))
    assert "\n" not in str(error.value)
