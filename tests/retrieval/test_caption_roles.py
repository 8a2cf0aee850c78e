"""Who trains, validates and tests among captioned recordings."""

import pytest

from zsaudio.errors import ZsAudioError
from zsaudio.retrieval.caption_roles import Source, deal

CLIPS = [f"clip{n:02}" for n in range(20) for _ in range(2)]  # two captions each
SUBSETS = ["first" if n < 24 else "second" if n < 32 else "third" for n in range(40)]


def sources(**changes: Source) -> dict[str, Source]:
    of = {"train": Source("p.train", ["first"]), "validation": Source("p.validation", ["second"])}
    return of | {"test": Source("p.test", ["third"])} | changes


def test_subsets_take_their_roles():
    roles = deal(CLIPS, SUBSETS, sources())
    assert [roles[f"clip{n:02}"] for n in (0, 11, 12, 15, 16, 19)] == [
        "train", "train", "validation", "validation", "test", "test",
    ]  # fmt: skip


def test_a_share_is_of_the_training_recordings():
    roles = deal(CLIPS, SUBSETS, sources(validation=Source("p.validation", share=0.25)))
    assert list(roles.values()).count("validation") == 3
    assert list(roles.values()).count("train") == 9
    assert "clip12" not in roles  # of a subset that has no role


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"train": Source("p.train", ["firsts"])},
            "p.train.subsets: expected one of first, second, third; got 'firsts' (did you mean first?)",
        ),
        ({"validation": Source("p.validation", share=1.0)}, "p.train: no recording with a caption is left for train"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(changes, message):
    with pytest.raises(ZsAudioError) as raised:
        deal(CLIPS, SUBSETS, sources(**changes))
    assert str(raised.value) == message
