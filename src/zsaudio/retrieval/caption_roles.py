"""Which captioned recordings train, validate and test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zsaudio.classes.shares import ROLES, part
from zsaudio.errors import ZsAudioError
from zsaudio.storage.values import meant, shown


@dataclass(frozen=True)
class Source:
    """What takes a role: subsets as they are published, or a share of the training recordings.

    Attributes:
        param: what a message calls it.
        subsets: their names.
        share: from 0 to 1.
    """

    param: str
    subsets: Sequence[str] | None = None
    share: float | None = None


def deal(clip_ids: Sequence[str], subsets: Sequence[str], sources: Mapping[str, Source]) -> dict[str, str]:
    """The role of each recording; those of other subsets have none.

    Args:
        clip_ids: recordings, each as often as it has captions.
        subsets: of each.
        sources: by role; two have no subset in common.

    Raises:
        ZsAudioError: a subset does not exist, or nothing is left for a role.
    """
    role_of_subset: dict[str, str] = {}
    known = sorted(set(subsets))
    for role, source in sources.items():
        for name in source.subsets or ():
            if name not in known:
                raise ZsAudioError(
                    f"{source.param}.subsets: expected one of {', '.join(known)}; got {shown(name)}{meant(name, known)}"
                )
            role_of_subset[name] = role
    of_clip = dict(zip(clip_ids, subsets, strict=True))
    roles = {clip: role_of_subset[subset] for clip, subset in of_clip.items() if subset in role_of_subset}
    for role in ("test", "validation"):
        share = sources[role].share
        if share is not None:
            train = [clip for clip, of in roles.items() if of == "train"]
            dealt, _ = part(np.arange(len(train)), share, role)
            roles |= dict.fromkeys([train[row] for row in dealt], role)
    for role in ROLES:
        if role not in roles.values():
            raise ZsAudioError(f"{sources[role].param}: no recording with a caption is left for {role}")
    return roles
