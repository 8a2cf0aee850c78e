"""Plain SGD on all runs of a cell at once: the scores of a batch, the gradients written out, the update.

Shapes as in `zsaudio.learning.model`, whose equations these are (a test holds the two against each other). Written
out, a step takes its memory once and passes over it no more often than it must.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from zsaudio.learning.model import (
    HIDDEN_UNITS,
    Aggregation,
    Weights,
    even_classes,
    hidden_activation,
    padding_score,
    tanh_of_half,
)

PARTS = 2  # every product is cut into so many, so that two cores share those of three runs evenly


class Sgd:
    """Weights of R models on their way down: `scores` of a batch, then `descend` by the gradient of its loss.

    The first layer of f_s is most of the arithmetic, and its input, the label embeddings E, never changes. So its
    weights W move only within the span of E: plain SGD subtracts lr * E'G from W, hence lr * (E E') G from the
    activation E W. An epoch therefore updates the activation itself, with the small Gram matrix E E' (classes by
    classes), and W is brought up to date with the sum of all G at its end. The result is the same, for about a
    seventh of that layer's operations with 384 text features and 111 classes.

    Attributes:
        x: `[R, B, T, F_a]`, where the caller puts the embeddings of a batch.
    """

    def __init__(
        self, weights: Weights, text: Tensor, clips: int, segments: int, aggregation: Aggregation, lr: float
    ) -> None:
        """Args:
        weights: what is changed, in place.
        text: label embeddings `[C, F_s]`.
        clips: B, clips in every batch.
        segments: T, segments of a clip.
        aggregation: the score that is trained.
        lr: learning rate.
        """
        self.weights, self.aggregation, self.lr, self.n_classes = weights, aggregation, lr, len(text)
        self.text = even_classes(text)
        runs, features, shared = weights.audio.shape
        classes, units = len(self.text), HIDDEN_UNITS // PARTS
        cut = PARTS if clips * segments % PARTS == 0 else 1

        def empty(*sizes: int) -> Tensor:
            return torch.empty(sizes, device=text.device)

        def rows(tensor: Tensor) -> Tensor:  # [R, B, T, ...] as products take it
            return tensor.view(runs * cut, -1, tensor.shape[-1])

        # The memory, and views of it for the products; to make views at every step would take a fortieth of its time.
        self.x = empty(runs, clips, segments, features)
        self.v_x, self.d_v_x = empty(runs, clips, segments, shared), empty(runs, clips, segments, shared)
        self.s, self.alpha, self.d_s = (empty(runs, clips, segments, classes) for _ in range(3))
        self.x_rows, self.v_x_rows, self.d_v_x_rows = rows(self.x), rows(self.v_x), rows(self.d_v_x)
        self.s_rows, self.d_s_rows = rows(self.s), rows(self.d_s)
        self.audio = empty(runs * cut, features, shared)  # weights of f_a, the same for each cut of the rows
        self.audio_cuts = self.audio.view(runs, cut, features, shared).unbind(1)
        self.v_c, self.d_v_c = empty(runs, classes, shared), empty(runs, classes, shared)
        self.v_c_rows = empty(runs * cut, classes, shared)
        self.v_c_cuts = self.v_c_rows.view(runs, cut, classes, shared).unbind(1)

        self.gram = (self.text @ self.text.T + 1).expand(runs * PARTS, -1, -1)  # the 1 is the bias, whose input is 1
        self.units = weights.text.view(runs * PARTS, units, shared)  # hidden units are cut in two as well
        self.activation = empty(runs * PARTS, classes, units)  # twice it
        self.h, self.d_h = torch.empty_like(self.activation), torch.empty_like(self.activation)
        self.d_activation = torch.empty_like(self.activation)  # summed over an epoch
        self.v_c_units = empty(runs * PARTS, classes, shared)
        self.v_c_parts = self.v_c_units.view(runs, PARTS, classes, shared).unbind(1)

        self.total, self.d_total = empty(runs, clips, shared), empty(runs, clips, shared)
        self.one = torch.ones((), device=text.device)
        self.y, self.d_y = empty(runs, clips, classes), torch.zeros(runs, clips, classes, device=text.device)

    def start_epoch(self) -> None:
        """Take the activation of the hidden layer from its weights."""
        activation = hidden_activation(self.weights, self.text)
        _parts(self.activation).copy_(activation.view(*activation.shape[:2], PARTS, -1).transpose(1, 2))
        self.d_activation.zero_()

    def end_epoch(self) -> None:
        """Bring the weights of the hidden layer up to date with its activation."""
        gradient = _parts(self.d_activation).transpose(1, 2).flatten(2)
        self.weights.hidden.baddbmm_(self.text.T.expand(len(gradient), -1, -1), gradient, alpha=-self.lr)
        self.weights.hidden_bias.sub_(gradient.sum(1, keepdim=True), alpha=self.lr)

    def scores(self, mask: Tensor | None) -> Tensor:
        """Training scores `[R, B, C]` of the clips in `x` (eq. 1 to 6), the mask as in `model.attention`."""
        w = self.weights
        for cut in self.audio_cuts:
            cut.copy_(w.audio)
        self.v_x_rows.baddbmm_(self.x_rows, self.audio, beta=0, alpha=2)
        tanh_of_half(self.v_x.add_(w.audio_bias[:, None], alpha=2), out=self.v_x)
        tanh_of_half(self.activation, out=self.h)
        self.v_c_units.baddbmm_(self.h, self.units, beta=0, alpha=2)
        _total(self.v_c_parts, out=self.v_c)
        tanh_of_half(self.v_c.add_(w.text_bias, alpha=2), out=self.v_c)
        if self.aggregation is Aggregation.ATTENTION:
            self._attend(mask)
        else:
            self._add_up(mask)
        return self.y[..., : self.n_classes]

    def _attend(self, mask: Tensor | None) -> None:
        """Eq. 3 to 5."""
        for cut in self.v_c_cuts:
            cut.copy_(self.v_c)
        torch.bmm(self.v_x_rows, self.v_c_rows.mT, out=self.s_rows)
        s = self.s if mask is None else torch.add(self.s, padding_score(mask), out=self.alpha)
        torch.softmax(s, 2, out=self.alpha)
        torch.mul(self.alpha, self.s, out=self.d_s)
        torch.sum(self.d_s, 2, out=self.y)

    def _add_up(self, mask: Tensor | None) -> None:
        """Eq. 6."""
        self.share = torch.ones(self.x.shape[:-1], device=self.x.device) if mask is None else mask.to(self.x.dtype)
        if self.aggregation is Aggregation.MEAN:
            self.share = self.share / self.share.sum(2, keepdim=True)
        torch.sum(torch.mul(self.v_x, self.share[..., None], out=self.d_v_x), 2, out=self.total)
        torch.bmm(self.total, self.v_c.mT, out=self.y)

    def descend(self, gradient: Tensor, share: Tensor) -> None:
        """Subtract lr times the gradient of the objective from all weights.

        Args:
            gradient: of the losses by the scores `[R, B, C]`.
            share: of a clip in the objective `[R, 1, 1]`.
        """
        w, lr = self.weights, self.lr
        torch.mul(gradient, share, out=self.d_y[..., : self.n_classes])
        if self.aggregation is Aggregation.ATTENTION:
            # By eq. 4 and 5, d s = alpha (1 + s - y) d y; alpha s is in d_s already, and y has served.
            torch.sub(self.one, self.y, out=self.y)
            self.d_s.addcmul_(self.alpha, self.y[:, :, None]).mul_(self.d_y[:, :, None])
            torch.bmm(self.d_s_rows, self.v_c_rows, out=self.d_v_x_rows)
            torch.bmm(self.d_s_rows.mT, self.v_x_rows, out=self.v_c_rows)
            _total(self.v_c_cuts, out=self.d_v_c)
        else:
            torch.bmm(self.d_y, self.v_c, out=self.d_total)
            torch.mul(self.d_total[:, :, None], self.share[..., None], out=self.d_v_x)
            torch.bmm(self.d_y.mT, self.total, out=self.d_v_c)

        _through_tanh_(self.d_v_x, self.v_x)
        torch.bmm(self.x_rows.mT, self.d_v_x_rows, out=self.audio)
        for cut in self.audio_cuts:
            w.audio.sub_(cut, alpha=lr)
        w.audio_bias.sub_(self.d_v_x.flatten(1, 2).sum(1, keepdim=True), alpha=lr)

        _through_tanh_(self.d_v_c, self.v_c)
        for part in self.v_c_parts:
            part.copy_(self.d_v_c)
        torch.bmm(self.v_c_units, self.units.mT, out=self.d_h)
        self.units.baddbmm_(self.h.mT, self.v_c_units, alpha=-lr)
        w.text_bias.sub_(self.d_v_c.sum(1, keepdim=True), alpha=lr)
        _through_tanh_(self.d_h, self.h)
        self.d_activation.add_(self.d_h)
        self.activation.baddbmm_(self.gram, self.d_h, alpha=-2 * lr)


def _parts(units: Tensor) -> Tensor:
    """`[R * PARTS, C, H / PARTS]` with the parts as an axis of their own: `[R, PARTS, C, H / PARTS]`."""
    return units.view(-1, PARTS, *units.shape[1:])


def _total(parts: Sequence[Tensor], out: Tensor) -> None:
    """Sum of one part or two."""
    if len(parts) == 1:
        out.copy_(parts[0])
    else:
        torch.add(*parts, out=out)


def _through_tanh_(gradient: Tensor, y: Tensor) -> None:
    """Turn the gradient by y = tanh(x) into that by x, in place."""
    torch.ops.aten.tanh_backward.grad_input(gradient, y, grad_input=gradient)
