"""InfoNCE (van den Oord et al. 2018), both ways as in CLIP: which label is the clip's, which clip is the label's?"""

import torch
from torch import Tensor

from zsaudio.models.interfaces import Objective, carried


class InfoNce(Objective):
    """Half the cross-entropy over the labels of the batch, and half that over its clips.

    Labels that no clip of the batch carries do not compete. Targets are shared among a clip's labels, and among a
    label's clips. A clip's loss is that of its own row, and its share of the columns of its labels.
    """

    alone = False

    def __call__(self, scores: Tensor, labels: Tensor) -> Tensor:
        """See `Objective.__call__`."""
        present = carried(labels, scores.shape[-1]).to(scores)  # [..., B, C]
        clips, classes = (present.sum(axis, keepdim=True) for axis in (-1, -2))
        by_clip = scores.masked_fill(classes == 0, -torch.inf).log_softmax(-1)
        by_class = scores.masked_fill(clips == 0, -torch.inf).log_softmax(-2)
        rows, columns = present / clips.clamp(min=1), present / classes.clamp(min=1)
        n_clips, n_classes = (clips > 0).sum((-2, -1)), (classes > 0).sum((-2, -1))
        weight = (n_clips / n_classes.clamp(min=1))[..., None]  # the mean over clips is then one over classes
        rows_loss = -torch.where(present > 0, rows * by_clip, 0.0).sum(-1)
        columns_loss = -torch.where(present > 0, columns * by_class, 0.0).sum(-1)
        return (rows_loss + weight * columns_loss) / 2
