"""Which encoders have seen AudioSet's labels: with one of them a test on AudioSet's classes is no zero-shot test."""

from collections.abc import Mapping

from zsaudio.report.markdown import escaped

# What public models were trained on, by how their architecture or their hub name begins or what stands in it.
SEEN = {
    "clap": "the public CLAPs of LAION and Microsoft were trained with clips of AudioSet and what is heard in them",
    "audioset": "its name says that it was trained on AudioSet",
    "beats": "the public BEATs were trained on AudioSet's clips, and most of them on its labels",
    "htsat": "the public HTS-ATs were trained on AudioSet's labels",
    "passt": "the public PaSSTs were trained on AudioSet's labels",
    "panns": "the public PANNs were trained on AudioSet's labels",
}
# Models that were trained on texts alone, or on speech and what is said in it, by the last part of their hub names.
UNSEEN = ("bert-base-uncased", "all-minilm-l6-v2", "wav2vec2-base", "wav2vec2-base-960h")
AUDIOSET = ("audioset", "audioset_audio")


def seen_label_warnings(corpus: str, encoders: Mapping[str, str], architectures: Mapping[str, str]) -> list[str]:
    """Why a test may be no zero-shot test, a sentence or two for each encoder that may have seen the test classes.

    Only of models that have a name of their own, and not on the demo, whose classes exist nowhere else.

    Args:
        corpus: its name.
        encoders: names, such as hf:laion/clap-htsat-unfused, by what a sentence calls them.
        architectures: the transformers library's names for what they are, by the same.
    """
    told = []
    for kind, encoder in encoders.items():
        _, _, model = encoder.partition(":")
        if corpus == "demo" or not model or model.lower().rpartition("/")[2] in UNSEEN:
            continue
        names = f"{architectures.get(kind, '')} {model}".lower()
        why = next((why for word, why in SEEN.items() if word in names), None)
        if why is None:
            told.append(
                f"Whether the {kind}, {escaped(model)}, was trained on AudioSet's labels is not known here. If it was, "
                "the test classes are not unseen, and these figures are of no zero-shot test."
            )
        elif corpus in AUDIOSET:
            told.append(
                f"The {kind}, {escaped(model)}, has seen labels or captions of AudioSet: {why}. The test classes are "
                "not unseen, and these figures are of no zero-shot test."
            )
        else:
            told.append(
                f"The {kind}, {escaped(model)}, has seen labels or captions of AudioSet: {why}. A test class that is "
                "among AudioSet's is not unseen, and its figures are of no zero-shot test."
            )
    return told
