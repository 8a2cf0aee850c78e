"""The numbers of Kim and Ghaffarzadegan (2019): mAP in %, and its standard error over 20 trials."""

from typing import NamedTuple


class Published(NamedTuple):
    """A number of the paper's tables."""

    map: float
    error: float | None = None


# By setting: weak is its Table II, strong the one-step and transfer the two-step transfer of its Table I.
PUBLISHED = {
    "weak": {
        "no_attention": Published(26.4, 0.01),
        "attention": Published(23.1, 0.06),
        "self_supervised_attention": Published(27.4, 0.02),
    },
    "strong": {
        "no_attention": Published(50.0, 0.33),
        "no_attention_strong": Published(49.7, 0.42),
        "no_attention_both": Published(49.0, 0.44),
        "attention": Published(53.8, 0.44),
        "strong_attention": Published(54.7, 0.4),
        "self_supervised_attention": Published(54.4, 0.12),
    },
    "transfer": {
        "no_attention": Published(51.4, 0.17),
        "no_attention_strong": Published(50.8, 0.44),
        "no_attention_both": Published(51.1, 0.31),
        "attention": Published(53.9, 0.47),
        "strong_attention": Published(56.3, 0.26),
        "self_supervised_attention": Published(55.9, 0.30),
    },
}
EARLIER = {"TLWeak": Published(21.3), "ResNet-ATT": Published(22.0), "M&mnet-MS": Published(23.3)}  # of Table II
