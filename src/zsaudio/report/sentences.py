"""The sentences of the report: what was run, what the numbers say, and what differs from the paper."""

from collections.abc import Mapping, Sequence

from zsaudio.report.evidence import Facts
from zsaudio.report.markdown import escaped
from zsaudio.report.table_rows import TableRows

# What to know of a row of the table of mAP.
CHANCE_NOTE = (
    "The mAP of a baseline, which ranks no clip above another, is what chance reaches: the mean over all orders of the "
    "clips."
)
CLAP_NOTE = (
    "CLAP trains nothing here: its scores are the cosines between a whole clip and the class names, its threshold is "
    "chosen on the validation fold, and it was trained by others on many more sounds than the other rows."
)
SUPERVISED_NOTE = (
    "That of the supervised row is the mean over the parts of the cross-validation, since scores of two "
    "models are not comparable; chance reaches a little more in a part of the clips, so compare it with the other rows "
    "by its size, not to the last digit."
)


def missing_sentences(missing: Mapping[tuple[str, str], str], rows: TableRows) -> list[str]:
    """For each row and reason the settings that the report has to do without."""
    groups: dict[tuple[str, str], list[str]] = {}
    for (name, setting), reason in missing.items():
        groups.setdefault((name, reason), []).append(setting)
    return [f"**{rows.told(name)}**, {', '.join(settings)}: {reason}." for (name, reason), settings in groups.items()]


def how(facts: Facts, several: bool) -> list[str]:
    """How the numbers came about, and what they are, of `several` runs or one: a paragraph each."""
    params = facts.params
    seeds = params["train.seeds"]
    assert isinstance(seeds, Sequence)
    runs = f"{len(seeds)} runs" if len(seeds) > 1 else "1 run"
    numbers = "the mean ± standard deviation over the runs" if several else "of one run"
    return [
        f"Text encoder **{escaped(facts.text_encoder)}** (pooling `{facts.pooling}`), audio encoder "
        f"**{escaped(facts.audio_encoder)}**. {runs} of {params['train.epochs']} epochs, batches of "
        f"{params['train.batch_size']}, {str(params['train.optimiser']).upper()} with learning rate "
        f"{params['train.lr']}, rank by `{params['train.rank']}`, weights of the `{params['train.weights']}` epoch, "
        f"`threads` = {params['threads']}. gamma = {params['gamma']}, threshold: {params['threshold']}. Clips whose "
        f"labels span folds: `{params['folds.spanning']}`.",
        f"Numbers are {numbers}, with the 95 % interval over resamples of the training seeds, the test classes and the "
        "test clips in brackets. It says what to expect of other seeds, and of other sounds to be recognised, and is "
        "wider than what these classes alone would give; what was trained on, and the thresholds, stay what they are. "
        "A "
        "baseline's prediction stays, too: on other classes the zero-rule would predict another one.",
    ]


DIFFERENCES = (
    "**Text encoder.** The paper embeds labels with BERT (bert-base-uncased, the default of `text.bert.model` "
    "wherever the model hub can be reached). Which encoder made the numbers above stands at the top.",
    "**Clips.** The paper had 23,740 clips and does not say how it came by them. AudioSet's official embeddings hold "
    "every clip of its two balanced subsets; Table 1 counts those that are here.",
    "**Folds.** The greedy split depends on the clips, so our folds are not the paper's. The zero-rule follows the "
    "most "
    'frequent class, "Music", which Table 1 has in one of our folds and the paper\'s macro F1 in its fold2. So the '
    "paper's columns stand apart.",
    "**One class from each branch.** The paper wants that, and also keeps a class that has few children; a child with "
    "children of its own then brings classes below it. We keep both, which gives the paper's 334 classes; "
    "`classes.nested` keeps one of them.",
    "**Audio.** The encoder google_vggish is the official embeddings (after PCA, 8 bits), not VGGish run on "
    "recordings.",
    "**Uniform aggregation** is taken to the letter: eq. 6 with its sum, in training and in testing. A sum "
    "over ten segments is ten times larger against the same margin and learning rate, so its training is "
    "cruder. The mean (ours, `uniform_mean`) takes the scale away.",
    "**Threshold.** Chosen on the validation fold for each run. The paper's M = 1.51 belongs to its own "
    "scores' scale; `dvc exp run -S threshold=1.51` takes it literally.",
    "**Supervised** is a cross-validation over the clips of the test fold, each scored by a model that has "
    "not seen it; thresholds are chosen on the part of the clips set aside for it.",
)
