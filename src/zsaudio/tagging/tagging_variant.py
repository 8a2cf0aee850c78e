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
        labels: what predictions are trained by: "weak" labels of clips, "strong" labels of segments, or both.
        supervision: what the attention is trained by, besides: "strong" labels (section II), "pseudo"-strong ones
            (section III), or both.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
    attention: bool
    labels: Labels
    supervision: Supervision

    @model_validator(mode="after")
    def _attends(self) -> "TaggingVariant":
        if self.supervision and not self.attention:
            raise ValueError("supervision: needs attention: true")
        return self

    @property
    def needs_strong_labels(self) -> bool:
        """Whether it is trained by strong labels."""
        return "strong" in (*self.labels, *self.supervision)
