"""Names that are safe in lists and as names of files."""

from hypothesis import given, settings
from hypothesis import strategies as st

from zsaudio.corpora.slugs import slugs


def test_names_are_reduced_and_stay_different():
    assert slugs(["yard/a dog", "yard_a:dog", "", "äö", "..", "?"]) == [
        "yard_a_dog",
        "yard_a_dog-2",
        "x",
        "äö",
        "..",
        "x-2",
    ]


@settings(deadline=None)
@given(st.lists(st.text(max_size=300)))
def test_any_names_become_as_many_names_of_files(names):
    made = slugs(f"subset-{name}" for name in names)
    assert len(set(made)) == len(names)
    for slug in made:
        assert slug.startswith("subset-")
        assert len(slug.encode()) < 255
        assert not set(slug) & set('/\\\0\n ,"')
