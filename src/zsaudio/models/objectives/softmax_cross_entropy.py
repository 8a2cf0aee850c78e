"""Softmax cross-entropy (ours): which of the classes does the clip carry?"""

from torch import Tensor

from zsaudio.models.interfaces import Objective, shared_target


class SoftmaxCrossEntropy(Objective):
    """-sum of log softmax(scores) over the classes that the clip carries, each of which has an equal share."""

    def __call__(self, scores: Tensor, labels: Tensor) -> Tensor:
        """See `Objective.__call__`."""
        return -(shared_target(labels, scores.shape[-1]) * scores.log_softmax(-1)).sum(-1)
