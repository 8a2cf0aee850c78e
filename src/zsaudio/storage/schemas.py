"""The schema of every table between two stages."""

from zsaudio.storage.tables import Kind, Schema

CLASSES = Schema(
    "classes",
    {
        "index": Kind.COUNT,
        "mid": Kind.TEXT,
        "name": Kind.TEXT,
        "branch": Kind.TEXT,
        "above": Kind.TEXT,  # mids of the classes that it is below, with blanks between them
    },
    unique="mid",
)
DECISIONS = Schema(
    "class decisions",
    {"mid": Kind.TEXT, "name": Kind.TEXT, "branch": Kind.TEXT, "kept": Kind.TEXT, "rule": Kind.TEXT},
    unique="mid",
)
FOLDS = Schema(
    "folds",
    {
        "index": Kind.COUNT,
        "mid": Kind.TEXT,
        "name": Kind.TEXT,
        "fold": Kind.TEXT,
        "order": Kind.COUNT,
        "clips": Kind.COUNT,
    },
    unique="mid",
)
CLIPS = Schema(
    "clips",
    {"clip_id": Kind.TEXT, "subset": Kind.TEXT, "fold": Kind.TEXT, "labels": Kind.INDICES},
    unique="clip_id",
    nullable=frozenset({"fold"}),
    metadata=("spanning",),
)
AUDIO = Schema(
    "audio embeddings",
    {"clip_id": Kind.TEXT, "n_segments": Kind.SMALL, "embedding": Kind.VECTOR},
    unique="clip_id",
    metadata=("encoder", "segments", "features", "scale", "offset"),
)
AUDIO_ERRORS = Schema(
    "clips without audio", {"clip_id": Kind.TEXT, "file": Kind.TEXT, "reason": Kind.TEXT}, unique="clip_id"
)
RECORDINGS = Schema("recordings", {"clip_id": Kind.TEXT, "file": Kind.TEXT, "bytes": Kind.COUNT}, unique="clip_id")
CAPTIONS = Schema("captions", {"subset": Kind.TEXT, "clip_id": Kind.TEXT, "caption": Kind.TEXT})
UNMATCHED = Schema(
    "recordings without captions and captions without recordings",
    {
        "source": Kind.TEXT,  # the folder that has the recording, or the file that has the captions
        "recording": Kind.TEXT,
        "reason": Kind.TEXT,
    },
)
TEXT = Schema(
    "text embeddings",
    {
        "mid": Kind.TEXT,
        "name": Kind.TEXT,
        "description": Kind.TEXT,
        "path": Kind.TEXT,
        "parents": Kind.TEXT,
        "below": Kind.COUNT,  # nodes of the ontology
        # Embeddings of the class by each of `zsaudio.text.wording.TEXTS`.
        "name_embedding": Kind.VECTOR,
        "description_embedding": Kind.VECTOR,
        "path_embedding": Kind.VECTOR,
        "parents_embedding": Kind.VECTOR,
    },
    unique="mid",
    optional=frozenset({"name_embedding", "description_embedding", "path_embedding", "parents_embedding"}),
    metadata=("encoder", "revision", "pooling"),
)
SCORES = Schema(
    "scores",
    {
        "run": Kind.SMALL,
        "part": Kind.SMALL,
        "clip_id": Kind.TEXT,
        "score": Kind.VECTOR,  # which was trained
        "attended": Kind.VECTOR,  # y_hat, eq. 5, where that is another
        "uniform": Kind.VECTOR,  # z_hat, eq. 6
    },
    optional=frozenset({"attended", "uniform"}),
)

CURVE = Schema(
    "training curves",
    {
        "run": Kind.COUNT,
        "epoch": Kind.COUNT,
        "train_loss": Kind.REAL,
        "validation_loss": Kind.REAL,
        "validation_map": Kind.REAL,
    },
)
RUNS = Schema(
    "results per run",
    {
        "run": Kind.COUNT,
        "micro_f1": Kind.REAL,
        "micro_f1_rest": Kind.REAL,
        "macro_f1": Kind.REAL,
        "map": Kind.REAL,
        "threshold": Kind.REAL,
    },
    unique="run",
)
RESAMPLES = Schema(
    "bootstrap resamples",
    {
        "source": Kind.TEXT,  # what was drawn: one of zsaudio.evaluation.spread.SOURCES
        "micro_f1": Kind.REAL,
        "micro_f1_rest": Kind.REAL,
        "macro_f1": Kind.REAL,
        "map": Kind.REAL,
    },
)
CLASS_RESULTS = Schema(
    "results per class",
    {"mid": Kind.TEXT, "name": Kind.TEXT, "clips": Kind.COUNT, "f1": Kind.REAL, "average_precision": Kind.REAL},
    unique="mid",
    nullable=frozenset({"average_precision"}),
)
GAMMA_CURVE = Schema(
    "F1 against gamma", {"gamma": Kind.REAL, "run": Kind.COUNT, "micro_f1": Kind.REAL, "macro_f1": Kind.REAL}
)
FUSION = Schema(
    "fusion",  # eq. 7, over the clips and classes of the test
    {
        "run": Kind.COUNT,
        "spread": Kind.REAL,  # standard deviation of z_hat, divided by that of y_hat
        "correlation": Kind.REAL,  # of the mixture with z_hat
    },
    unique="run",
)
THRESHOLD_CURVE = Schema(
    "F1 against the threshold",
    {"threshold": Kind.REAL, "run": Kind.COUNT, "micro_f1": Kind.REAL, "macro_f1": Kind.REAL},
)
STUDIES = Schema(
    "studies",
    {
        "study": Kind.TEXT,  # params that it varies, by their paths
        "value": Kind.TEXT,  # of each of them
        "model": Kind.TEXT,
        "setting": Kind.TEXT,
        "seeds": Kind.TEXT,
        "clips": Kind.COUNT,  # of the test fold
        "chance": Kind.REAL,  # mAP of a random order of the clips
        "micro_f1": Kind.REAL,
        "micro_f1_rest": Kind.REAL,
        "macro_f1": Kind.REAL,
        "map": Kind.REAL,
        "validation_map": Kind.REAL,  # of the last epoch, the mean over the runs; of a baseline none, as below
        "best_validation_map": Kind.REAL,  # of the best epoch
        "best_epoch": Kind.COUNT,
    },
    nullable=frozenset({"validation_map", "best_validation_map", "best_epoch"}),
)

LOCALISATION = Schema(
    "localisation",
    {
        "run": Kind.COUNT,
        "group": Kind.TEXT,  # classes that the model was not trained on ("unseen") or was ("seen")
        "subset": Kind.TEXT,  # all, informative, or one of zsaudio.formats.strong_labels.LENGTHS
        "by": Kind.TEXT,  # attention, compatibility, loudness, novelty, chance
        "pairs": Kind.COUNT,
        "classes": Kind.COUNT,
        "pointing": Kind.REAL,
        "segment_ap": Kind.REAL,
    },
)
GENERALISED = Schema(
    "generalised zero-shot",
    {
        "run": Kind.COUNT,
        "group": Kind.TEXT,  # of classes: seen, unseen, validation
        "classes": Kind.COUNT,
        "map": Kind.REAL,
        "recall": Kind.REAL,  # of the group's labels, among the highest scores of their clip
        "stacked": Kind.REAL,  # the same after calibrated stacking
    },
    nullable=frozenset({"map", "recall", "stacked"}),  # a group that no clip carries; no validation fold to choose by,
)
POINTING = Schema(
    "pointing of each pair",
    {
        "run": Kind.COUNT,
        "group": Kind.TEXT,
        "clip_id": Kind.TEXT,
        "mid": Kind.TEXT,
        "informative": Kind.COUNT,  # 1 where chance hits less often than nine times of ten, else 0
        "by": Kind.TEXT,
        "pointing": Kind.REAL,  # whether the segment of the highest value is active; between equal ones, the share
    },
)
LOCATED = Schema(
    "values per segment",  # of run 0
    {
        "clip_id": Kind.TEXT,
        "mid": Kind.TEXT,
        "name": Kind.TEXT,
        "group": Kind.TEXT,
        "n_segments": Kind.COUNT,  # the values after them mean nothing
        "compatibility": Kind.VECTOR,
        "attention": Kind.VECTOR,
    },
    optional=frozenset({"compatibility", "attention"}),
)
FIGURE2 = Schema("attention in the clip of Figure 2", {"run": Kind.COUNT, "second": Kind.COUNT, "attention": Kind.REAL})
EVENTS = Schema("events", {"clip_id": Kind.TEXT, "mid": Kind.TEXT, "onset": Kind.REAL, "offset": Kind.REAL})
FIGURE5 = Schema(
    "attention of a tagger in a clip",  # Figure 5 of Kim and Ghaffarzadegan 2019, of the first trial
    {
        "clip_id": Kind.TEXT,
        "mid": Kind.TEXT,
        "name": Kind.TEXT,
        "second": Kind.COUNT,
        "attention": Kind.REAL,
    },
)
TAGGING_CLASSES = Schema("classes of tagging", {"index": Kind.COUNT, "mid": Kind.TEXT, "name": Kind.TEXT}, unique="mid")
TAGGING_CLIPS = Schema(
    "clips of tagging",
    {"clip_id": Kind.TEXT, "role": Kind.TEXT, "labels": Kind.INDICES},  # role: train, validation or test
    unique="clip_id",
)
CAPTIONED = Schema(
    "captioned recordings",
    {
        "clip_id": Kind.TEXT,
        "subset": Kind.TEXT,
        "role": Kind.TEXT,  # train, validation or test
        "caption": Kind.TEXT,
        "reversed": Kind.TEXT,  # the same of the sounds in reverse order, where that is another caption
    },
    nullable=frozenset({"reversed"}),
)
REWRITES = Schema("rewrites of captions", {"caption": Kind.TEXT, "rewrite": Kind.TEXT})
CAPTION_TEXT = Schema(
    "caption embeddings",
    {"caption": Kind.TEXT, "embedding": Kind.VECTOR},
    unique="caption",
    metadata=("encoder", "revision", "pooling"),
)
RANKS = Schema(
    "ranks",
    {
        "run": Kind.COUNT,
        "direction": Kind.TEXT,  # one of zsaudio.retrieval.ranking.DIRECTIONS
        "query": Kind.TEXT,  # a caption or a recording
        "ranks": Kind.INDICES,  # of the items that it looks for, from 1
    },
)
RETRIEVAL_RUNS = Schema(
    "retrieval results per run",
    {"run": Kind.COUNT, "direction": Kind.TEXT, "metric": Kind.TEXT, "value": Kind.REAL},
)
RETRIEVAL_RESAMPLES = Schema(
    "bootstrap resamples of the queries",
    {"direction": Kind.TEXT, "metric": Kind.TEXT, "value": Kind.REAL},
)
INDEXED = Schema(
    "indexed windows",
    {"number": Kind.COUNT, "file": Kind.TEXT, "start": Kind.COUNT, "end": Kind.COUNT},
    unique="number",
)
INDEXED_FILES = Schema(
    "indexed recordings",
    {"file": Kind.TEXT, "bytes": Kind.COUNT, "changed": Kind.COUNT, "error": Kind.TEXT},
    unique="file",
)
