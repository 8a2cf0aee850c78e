"""A variant of closed-set tagging, as data: whether it attends, and by which labels it is trained."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Labels = Annotated[list[Literal["weak", "strong"]], Field(min_length=1)]
Supervision = list[Literal["strong", "pseudo"]]


class TaggingVariant(BaseModel):
    """A row of the tables of tagging.

    Attributes:
        name: by which params, stages and files call it.
        attention: whether segments are weighted by attention; else all count alike.
        labels: labels of the prediction loss: "weak" ones of clips, "strong" ones of segments, or both.
        supervision: labels of the attention loss: "strong" ones (section II), "pseudo"-strong ones (section III), or
            both, each with a loss of its own.
        alpha: weight of each attention loss; None of a variant without one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
    attention: bool
    labels: Labels
    supervision: Supervision
    alpha: Annotated[float, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _attends(self) -> "TaggingVariant":
        if self.supervision and not self.attention:
            raise ValueError("supervision: needs attention: true")
        if self.supervision and self.alpha is None:
            raise ValueError("alpha: is missing, the weight of the attention loss; the paper's is 1.0")
        if not self.supervision and self.alpha is not None:
            raise ValueError("alpha: has no effect without supervision; remove it")
        return self

    @property
    def needs_strong_labels(self) -> bool:
        """Whether it is trained by strong labels."""
        return "strong" in (*self.labels, *self.supervision)
