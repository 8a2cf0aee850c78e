"""The settings of tagging: what a table's columns or rows have in common, beside the variant."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from zsaudio.classes.shares import part


@dataclass(frozen=True)
class TaggingSetting:
    """Which clips are trained on, and from which weights.

    Attributes:
        clips: "weak" for all classes and labels of clips (Table II of Kim 2019), "strong" for clips with strong labels
            (Table I).
        share: of the training clips.
        apart: whether clips that validate or test with strong labels are left out.
        transfers: whether hidden layers start from those of the variant PRETRAINED in the setting pretrained (two-step
            transfer).
    """

    clips: str
    share: float = 1.0
    apart: bool = False
    transfers: bool = False

    def part_of(self, clips: pa.Table, strong: pa.Table | None = None) -> pa.Table:
        """The clips of the setting.

        Args:
            clips: of its kind, of schema TAGGING_CLIPS.
            strong: those with strong labels, for a setting that is apart from them.
        """
        if strong is not None:
            clips = _apart(clips, strong)
        role = clips["role"].to_numpy(zero_copy_only=False)
        kept, _ = part(np.flatnonzero(role == "train"), self.share, "train")
        return clips.take(np.sort(np.concatenate([kept, np.flatnonzero(role != "train")])))


def _apart(clips: pa.Table, strong: pa.Table) -> pa.Table:
    """The clips without those that validate or test in `strong`; all test clips stay, which nothing is learnt from.

    Of the training and validation clips that are left, as large a share validates as before.
    """
    names, roles = (strong[name].to_pylist() for name in ("clip_id", "role"))
    others = {name for name, its in zip(names, roles, strict=True) if its != "train"}
    before = clips["role"].to_pylist()
    share = before.count("validation") / (before.count("train") + before.count("validation"))
    kept = [its == "test" or name not in others for name, its in zip(clips["clip_id"].to_pylist(), before, strict=True)]
    clips = clips.filter(pa.array(kept))
    role = clips["role"].to_numpy(zero_copy_only=False).copy()
    validation, train = part(np.flatnonzero(role != "test"), share, "validation")
    role[train], role[validation] = "train", "validation"
    return clips.set_column(clips.column_names.index("role"), "role", pa.array(role, pa.string()))


PRETRAINED = "no_attention"
TAGGING_SETTINGS = {
    "weak": TaggingSetting("weak"),
    "pretrained": TaggingSetting("weak", apart=True),
    "strong": TaggingSetting("strong"),
    "strong_half": TaggingSetting("strong", share=0.5),
    "strong_quarter": TaggingSetting("strong", share=0.25),
    "transfer": TaggingSetting("strong", transfers=True),
}
