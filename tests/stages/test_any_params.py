"""Whatever stands at a place of params.yaml is accepted as valid, or refused with one sentence."""

import datetime
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from committed import COMMITTED, path_of, places, replaced, value_at
from params import TRAINING_KNOBS, Params, VariantParams, parse_params
from zsaudio import ZsAudioError

ALL = list(places())
# Knobs of a row's parts, which the stage variants checks: see test_variants.
OF_PARTS = [
    place
    for place in ALL
    if place[0] == "variants" and len(place) == 3 and place[2] not in {*VariantParams.model_fields, *TRAINING_KNOBS}
]
VALUES = [place for place in ALL if not isinstance(value_at(place), (dict, list)) and place not in OF_PARTS]
NO_VALUE = [  # what no param of a single value may be
    [1],
    {"a": 1},
    10**400,
    -(10**20),
    math.nan,
    -math.inf,
    datetime.date(2026, 1, 1),
    [[]],
]
SWITCHES = (".fused", ".refit", ".attention", ".learnt", ".finetune", ".fit")
BY_NAME = (("data",), ("titles",), ("variants",))  # tables by name, of tagging and of retrieval
PARTS_TO_NAME = ("aggregator", "score", "objective")
LIKED = {row["like"] for row in COMMITTED["variants"].values() if "like" in row}
NULLABLE = (
    "audioset.sha256.",
    "audioset_audio.",
    "audio.vggish.weights_sha256",
    "audio.passt.weights",
    "local.",
    "classes.animal_root",
    "text.vectors.",
    "text.bert.revision",
    "text.hf.revision",
    "audio.hf.revision",
    "clap.revision",
    "retrieval.rewrites",
)
FREE_TEXT = (
    "strong_labels.", "audioset_audio.", "local.", "classes.animal_", "audioset.subsets.",
    "audio.vggish.weights", "audio.vggish.pca", "audio.passt.weights", "text.bert.model", "text.bert.revision",
    "audio.hf.model", "audio.hf.revision", "text.hf.model", "text.hf.revision", "clap.model", "clap.revision",
    "retrieval.rewrites",
)  # fmt: skip


def refusal(values: object) -> str | None:
    """The sentence that params are refused with; None where they are accepted."""
    try:
        assert isinstance(parse_params(values), Params)
    except ZsAudioError as error:
        return str(error)
    return None


@pytest.mark.parametrize("place", VALUES, ids=path_of)
def test_no_value_may_be_a_list_a_section_or_no_number(place):
    for value in NO_VALUE:
        if place == ("threshold",) and value == -(10**20):  # scores have no bounds, and so has their threshold
            continue
        message = refusal(replaced(place, value))
        assert message is not None, value
        assert message.startswith(f"params.yaml: {path_of(place)}: expected ")
        assert "\n" not in message
        assert len(message) < 300


@pytest.mark.parametrize("place", VALUES, ids=path_of)
def test_nothing_true_and_text_are_accepted_where_they_mean_something(place):
    path = path_of(place)
    accepted = {
        None: path.startswith(NULLABLE)
        or (path.endswith((".tuned", ".runs", ".spanning")) and path[0] == "v")
        or (path.startswith(("tagging.data.weak.", "retrieval.data.")) and path.endswith(".strong_labels")),
        True: path.endswith((".fused", ".refit", ".attention", ".learnt", ".finetune", ".fit"))
        and ".titles." not in path,
        "any text": (path.startswith(FREE_TEXT) and not path.endswith("_sha256"))
        or path.endswith((".title", ".list", ".audio_model", ".text_model"))
        or path == "retrieval.pretrained"
        or path.startswith("tagging.titles.")
        or (path.startswith(("tagging.data.", "retrieval.data.")) and path.endswith(".strong_labels")),
    }
    for value, is_accepted in accepted.items():
        message = refusal(replaced(place, value))
        if is_accepted:
            assert message is None
        else:
            assert message is not None, value
            # Of a subset, a list and a share one is there; what is fine-tuned has encoders of its own.
            together = (".subset", ".list", ".share", ".audio_encoder", ".audio_model", ".text_model")
            of_section = value is None and path.endswith(together)
            assert message.startswith(f"params.yaml: {path.rpartition('.')[0] if of_section else path}: ")
            assert "\n" not in message


@pytest.mark.parametrize("place", [place for place in ALL if place not in [*VALUES, *OF_PARTS]], ids=path_of)
def test_a_section_or_a_list_is_no_single_value(place):
    kind = "a list" if isinstance(value_at(place), list) else "a section with keys of its own"
    by_kind = place[0] == "retrieval" and place[-1] == "subsets"  # None: the other kind of a role, a share
    for value in (None, True, 3, math.nan, 10**400, "text"):
        if by_kind and value is None:
            continue
        message = refusal(replaced(place, value))
        assert message is not None, value
        assert message.startswith(f"params.yaml: {path_of(place)}: expected {kind}, got ")


def test_a_missing_key_is_named_at_any_depth():
    for place in ALL:
        if isinstance(place[-1], int) or place[:1] == ("strong_labels",) or "sha256" in place[:-1]:
            continue  # lists and tables by name may be shorter
        values = replaced(place, None)
        section = values
        for key in place[:-1]:
            section = section[key]
        del section[place[-1]]
        message = refusal(values)
        if place[-2:-1] == ("encoder",) and (place[0] == "retrieval" or place[-1] != COMMITTED["corpus"]):
            assert message is None  # of a corpus that is not asked for, or by a stage of its own
        elif place[0] in ("tagging", "retrieval") and place[1:2] in BY_NAME and len(place) > 2:
            assert message is None or message.startswith(f"params.yaml: {place[0]}.")  # tables by name may be shorter
        elif place[0] == "variants" and len(place) == 2:
            listed = place[1] in COMMITTED["models"]
            assert (message is None) != (listed or place[1] in LIKED)
            assert message is None or "A new one is an entry of variants" in message or ".like: " in message
        elif place == ("variants",):
            assert message == "params.yaml: variants is missing"
        elif place[0] == "variants" and place[2] == "like":
            assert message is not None
            assert message.startswith(f"params.yaml: variants.{place[1]}.")
            assert "objective is missing" in message or "score is missing" in message or "aggregator is" in message
        elif place[0] == "variants" and place[2] != "title" and ("like" in section or place[2] not in PARTS_TO_NAME):
            assert message is None  # the row that it is like has it, or it has a default
        else:
            assert message is not None
            assert message.startswith(f"params.yaml: {path_of(place)} is missing")


KEYS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), max_size=12)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | st.binary(max_size=4) | st.text(max_size=20)
)
ANYTHING = st.recursive(
    SCALARS, lambda nodes: st.lists(nodes, max_size=4) | st.dictionaries(KEYS | st.integers(), nodes, max_size=4)
)


@settings(deadline=None, max_examples=300)
@given(
    place=st.sampled_from([*ALL, *((*place[:-1], "new") for place in ALL if isinstance(place[-1], str))]),
    value=ANYTHING,
)
def test_anything_at_any_place_is_refused_with_a_sentence_or_accepted(place, value):
    message = refusal(replaced(place, value))
    if message is not None:
        assert message.startswith("params.yaml: ")
        assert str(place[0]) in message
        assert "\n" not in message
