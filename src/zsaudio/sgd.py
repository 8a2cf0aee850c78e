"""Plain SGD on all runs of a cell at once: the scores of a batch, the gradients written out, the update.

Shapes as in `zsaudio.model`, whose equations these are (a test holds the two against each other). Written out, a step
takes its memory once and passes over it no more often than it must.
"""

from __future__ import annotations

import torch
from torch import Tensor

from zsaudio.model import HIDDEN_UNITS, Aggregation, Weights, hidden_activation, padding_score, tanh

CLASS_MULTIPLE = 16  # numbers in a register of the processor: products with such sides are a quarter faster
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
        padding = -len(text) % CLASS_MULTIPLE  # classes of zeros, whose scores nobody sees
        self.text = torch.nn.functional.pad(text, (0, 0, 0, padding))
        self.gram = self.text @ self.text.T + 1  # the 1 is the bias, whose input is 1
        runs, features, shared = weights.audio.shape
        classes, rows, units = len(self.text), clips * segments, HIDDEN_UNITS // PARTS
        cut = PARTS if rows % PARTS == 0 else 1
        self.runs, self.cut = runs, cut

        def empty(*sizes: int) -> Tensor:
            return torch.empty(sizes, device=text.device)

        self.x = empty(runs, clips, segments, features)
        self.v_x, self.d_v_x = empty(runs, clips, segments, shared), empty(runs, clips, segments, shared)
        self.audio = empty(runs, cut, features, shared)  # weights of f_a, the same for both cuts of the rows
        self.d_audio = empty(runs, cut, features, shared)
        self.activation = empty(runs * PARTS, classes, units)  # hidden units are cut in two as well
        self.h, self.d_h = torch.empty_like(self.activation), torch.empty_like(self.activation)
        self.d_activation = torch.empty_like(self.activation)  # summed over an epoch
        self.of_units = empty(runs, PARTS, classes, shared)
        self.v_c, self.d_v_c = empty(runs, classes, shared), empty(runs, classes, shared)
        self.of_rows = empty(runs, cut, classes, shared)
        self.s, self.alpha, self.d_s = (empty(runs, clips, segments, classes) for _ in range(3))
        self.total, self.d_total = empty(runs, clips, shared), empty(runs, clips, shared)
        self.y, self.d_y = empty(runs, clips, classes), torch.zeros(runs, clips, classes, device=text.device)

    def start_epoch(self) -> None:
        """Take the activation of the hidden layer from its weights."""
        classes = len(self.text)
        activation = hidden_activation(self.weights, self.text).view(self.runs, classes, PARTS, -1)
        self.activation.view(self.runs, PARTS, classes, -1).copy_(activation.transpose(1, 2))
        self.d_activation.zero_()

    def end_epoch(self) -> None:
        """Bring the weights of the hidden layer up to date with its activation."""
        gradient = self.d_activation.view(self.runs, PARTS, len(self.text), -1).transpose(1, 2).flatten(2)
        self.weights.hidden.baddbmm_(self.text.T.expand(self.runs, -1, -1), gradient, alpha=-self.lr)
        self.weights.hidden_bias.sub_(gradient.sum(1, keepdim=True), alpha=self.lr)

    def scores(self, mask: Tensor | None) -> Tensor:
        """Training scores `[R, B, C]` of the clips in `x` (eq. 1 to 6), the mask as in `zsaudio.model.attention`."""
        w = self.weights
        self.audio.copy_(w.audio[:, None])
        torch.bmm(self._rows(self.x), self.audio.flatten(0, 1), out=self._rows(self.v_x))
        tanh(self.v_x.add_(w.audio_bias[:, None]), out=self.v_x)
        tanh(self.activation, out=self.h)
        torch.bmm(self.h, self._units(w.text), out=self.of_units.flatten(0, 1))
        torch.sum(self.of_units, 1, out=self.v_c)
        tanh(self.v_c.add_(w.text_bias), out=self.v_c)
        if self.aggregation is Aggregation.ATTENTION:
            self._attend(mask)
        else:
            self._add_up(mask)
        return self.y[..., : self.n_classes]

    def _attend(self, mask: Tensor | None) -> None:
        """Eq. 3 to 5."""
        self.of_rows.copy_(self.v_c[:, None])
        torch.bmm(self._rows(self.v_x), self.of_rows.flatten(0, 1).transpose(1, 2), out=self._rows(self.s))
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
        torch.bmm(self.total, self.v_c.transpose(1, 2), out=self.y)

    def descend(self, gradient: Tensor) -> None:
        """Subtract lr times their gradient from all weights, given that of the scores `[R, B, C]`."""
        w, lr = self.weights, self.lr
        self.d_y[..., : self.n_classes] = gradient
        if self.aggregation is Aggregation.ATTENTION:
            # By eq. 4 and 5, d s = alpha (1 + s - y) d y; alpha s is in d_s already.
            self.d_s.addcmul_(self.alpha, (1 - self.y)[:, :, None]).mul_(self.d_y[:, :, None])
            d_s = self._rows(self.d_s)
            torch.bmm(d_s, self.of_rows.flatten(0, 1), out=self._rows(self.d_v_x))
            torch.bmm(d_s.transpose(1, 2), self._rows(self.v_x), out=self.of_rows.flatten(0, 1))
            torch.sum(self.of_rows, 1, out=self.d_v_c)
        else:
            torch.bmm(self.d_y, self.v_c, out=self.d_total)
            torch.mul(self.d_total[:, :, None], self.share[..., None], out=self.d_v_x)
            torch.bmm(self.d_y.transpose(1, 2), self.total, out=self.d_v_c)

        _through_tanh_(self.d_v_x, self.v_x)
        torch.bmm(self._rows(self.x).transpose(1, 2), self._rows(self.d_v_x), out=self.d_audio.flatten(0, 1))
        w.audio.sub_(self.d_audio.sum(1), alpha=lr)
        w.audio_bias.sub_(self.d_v_x.flatten(1, 2).sum(1, keepdim=True), alpha=lr)

        _through_tanh_(self.d_v_c, self.v_c)
        d_v_c = self.of_units.copy_(self.d_v_c[:, None]).flatten(0, 1)
        torch.bmm(d_v_c, self._units(w.text).transpose(1, 2), out=self.d_h)
        self._units(w.text).baddbmm_(self.h.transpose(1, 2), d_v_c, alpha=-lr)
        w.text_bias.sub_(self.d_v_c.sum(1, keepdim=True), alpha=lr)
        _through_tanh_(self.d_h, self.h)
        self.d_activation.add_(self.d_h)
        self.activation.baddbmm_(self.gram.expand(len(self.d_h), -1, -1), self.d_h, alpha=-lr)

    def _rows(self, tensor: Tensor) -> Tensor:
        """The rows `[R, B, T, ...]` of a batch as products take them: `[R * cut, B * T / cut, ...]`."""
        return tensor.view(self.runs * self.cut, -1, tensor.shape[-1])

    def _units(self, weights: Tensor) -> Tensor:
        """Weights `[R, H, D]` with their hidden units cut: `[R * PARTS, H / PARTS, D]`."""
        return weights.view(self.runs * PARTS, -1, weights.shape[-1])


def _through_tanh_(gradient: Tensor, y: Tensor) -> None:
    """Turn the gradient by y = tanh(x) into that by x, in place."""
    torch.ops.aten.tanh_backward.grad_input(gradient, y, grad_input=gradient)
