"""What is trained: the models of all members, the loss of their clips, and how they are measured on the way."""

from collections.abc import Sequence
from typing import Any, Protocol

from torch import Tensor

from zsaudio.tasks.task import Member
from zsaudio.tasks.tensors import ClipTensors
from zsaudio.training.batches import Batch


class Learner(Protocol):
    """What the loop trains.

    Attributes:
        name: of the variant.
        members: R members.
        models: a `zsaudio.training.stack.Stack` of R models.
    """

    name: str
    members: Sequence[Member]
    models: Any

    @property
    def data(self) -> ClipTensors:
        """The training examples."""

    def losses(self, batch: Batch) -> Tensor:
        """Loss `[R, B]` of each clip of a batch, with its gradient."""

    def refer(self) -> None:
        """After an epoch: let the models take what they keep of the training clips as they are now."""

    def validate(self) -> list[tuple[float, float]]:
        """Loss and mean average precision of each member on its validation clips."""
