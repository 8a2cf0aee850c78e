"""The numbers of Primus, Koutini and Widmer (2023), in %, text to audio on the test split of Clotho v2.

A row has the name of the variant that reproduces it, where there is one.
"""

from typing import NamedTuple


class Table3Row(NamedTuple):
    """A row of Table 3."""

    row: str | None
    audio: str
    seconds: int
    overlap: bool | None
    text: str
    finetuned: bool
    augmented: bool
    map10: float
    r1: float
    r5: float
    r10: float


class Table4Row(NamedTuple):
    """A row of Table 4: which sets the model was trained on."""

    row: str | None
    audiocaps: bool
    wavcaps: bool
    clotho: bool
    map10: float


TABLE3 = (
    Table3Row("passt_n_bert_small", "PaSST-N", 10, False, "bert-small", False, False, 32.98, 21.45, 48.71, 62.05),
    Table3Row("passt_n_bert_base", "PaSST-N", 10, False, "bert-base", False, False, 35.22, 23.07, 51.48, 65.36),
    Table3Row("passt_n_bert_large", "PaSST-N", 10, False, "bert-large", False, False, 35.78, 23.75, 52.27, 65.57),
    Table3Row("passt_n_roberta_base", "PaSST-N", 10, False, "roberta-base", False, False, 35.12, 23.02, 51.89, 65.26),
    Table3Row("passt_n_roberta_large", "PaSST-N", 10, False, "roberta-large", False, False, 36.65, 24.26, 53.89, 66.87),
    Table3Row(None, "CNN10", 30, False, "bert-base", False, False, 23.72, 14.18, 36.59, 49.21),
    Table3Row(None, "CNN14", 30, False, "bert-base", False, False, 28.06, 17.86, 40.82, 54.56),
    Table3Row(None, "PaSST-L", 10, True, "bert-base", False, False, 33.47, 21.67, 49.24, 63.16),
    Table3Row("passt_n_bert_base", "PaSST-N", 10, False, "bert-base", False, False, 35.22, 23.07, 51.48, 65.36),
    Table3Row("passt_s_bert_base", "PaSST-S", 10, True, "bert-base", False, False, 32.83, 20.90, 48.82, 62.60),
    Table3Row("roberta_finetuned", "PaSST-N", 10, False, "roberta-large", True, False, 38.00, 25.51, 55.06, 68.56),
    Table3Row("roberta_rewrites", "PaSST-N", 10, False, "roberta-large", True, True, 38.56, 26.07, 55.27, 69.30),
    Table3Row(None, "CNN14 [20]", 30, None, "all-mpnet-base-v2", False, False, 22.20, 13.00, 34.30, 48.00),
    Table3Row(None, "CNN14 [8]", 30, None, "bert-base", True, False, 32.95, 21.41, 47.77, 62.10),
)
TABLE4 = (
    Table4Row("on_audiocaps", True, False, False, 21.01),
    Table4Row("on_wavcaps", False, True, False, 27.62),
    Table4Row("on_clotho", False, False, True, 27.28),
    Table4Row("on_audiocaps_wavcaps", True, True, False, 27.13),
    Table4Row("on_wavcaps_clotho", False, True, True, 34.42),
    Table4Row("on_audiocaps_clotho", True, False, True, 30.64),
    Table4Row("passt_n_bert_base", True, True, True, 35.22),
)
