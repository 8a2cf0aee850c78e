"""The fused engine: plain SGD on all members at once, with the gradients of the paper's models written out.

Shapes as in `zsaudio.models`, whose equations these are: R models, B clips, T segments, C classes, H hidden and D
shared units. Tests hold the engine to the loop's numbers. Written out, a step takes its memory once and passes over it
no more often than it must.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from zsaudio.models.interfaces import Objective
from zsaudio.models.projections.tanh import HIDDEN_UNITS
from zsaudio.models.variant import Variant
from zsaudio.tasks.task import Member
from zsaudio.tasks.tensors import ExampleTensors
from zsaudio.training.batches import Batch
from zsaudio.training.compiled_warp import CompiledWarp
from zsaudio.training.stacked import StackedModels

PARTS = 2  # every product is cut into so many, so that two cores share those of three runs evenly
CLASS_MULTIPLE = 16  # numbers in a register of the processor: products with such sides are a quarter faster
_MINUS_ONE = torch.tensor(-1.0)


class FusedSgd:
    """One SGD step for R stacked models: scores of a batch, the gradient of its loss, the update.

    The first layer of f_s is most of the arithmetic, and its input, the label embeddings E, never changes. So its
    weights W move only within the span of E: plain SGD subtracts lr * E'G from W, hence lr * (E E') G from the
    activation E W. An epoch therefore updates the activation itself, with the small Gram matrix E E' (classes by
    classes), and W is brought up to date with the sum of all G at its end. The result is the same, for about a
    seventh of that layer's operations with 384 text features and 111 classes.
    """

    @staticmethod
    def supports(variant: Variant, device: torch.device) -> bool:
        """Whether the engine can train a variant by plain SGD: the paper's models, on the processor."""
        parts = (variant.pooling, variant.projection, variant.score) == ("all_segments", "tanh", "dot")
        aggregator = variant.aggregator in ("attention", "sum", "mean") and not variant.knobs.get("attention_loss")
        return parts and aggregator and device.type == "cpu"

    def __init__(
        self,
        models: StackedModels,
        objective: Objective,
        data: ExampleTensors,
        members: Sequence[Member],
        aggregator: str,
        batch_size: int,
        lr: float,
    ) -> None:
        """Args:
        models: what is changed, in place.
        objective: what to minimise.
        data: the training examples.
        members: R members.
        aggregator: "attention", "sum" or "mean".
        batch_size: B at most.
        lr: learning rate.
        """
        w, self.data, self.aggregator, self.lr = models.weights, data, aggregator, lr
        self.objective, self.n_classes = objective, len(data.text)
        self.w_audio, self.b_audio = w["audio.dense.weight"], w["audio.dense.bias"][:, None]
        self.w_hidden, self.b_hidden = w["text.hidden.weight"], w["text.hidden.bias"][:, None]
        self.w_text, self.b_text = w["text.dense.weight"], w["text.dense.bias"][:, None]
        # Label embeddings with classes of zeros behind them, whose scores nobody sees.
        self.text = torch.nn.functional.pad(data.text, (0, 0, 0, -len(data.text) % CLASS_MULTIPLE))
        clips, segments = min(batch_size, max(len(member.train) for member in members)), data.segments
        runs, features, shared = self.w_audio.shape
        classes, units = len(self.text), HIDDEN_UNITS // PARTS
        cut = PARTS if clips * segments % PARTS == 0 else 1

        def rows(tensor: Tensor) -> Tensor:  # [R, B, T, ...] as products take it
            return tensor.view(runs * cut, -1, tensor.shape[-1])

        # The memory, and views of it for the products; to make views at every step would take a fortieth of its time.
        self.x = torch.empty(runs, clips, segments, features)
        self.v_x, self.d_v_x = (torch.empty(runs, clips, segments, shared) for _ in range(2))
        self.s, self.alpha, self.d_s = (torch.empty(runs, clips, segments, classes) for _ in range(3))
        self.x_rows, self.v_x_rows, self.d_v_x_rows = rows(self.x), rows(self.v_x), rows(self.d_v_x)
        self.s_rows, self.d_s_rows = rows(self.s), rows(self.d_s)
        self.audio = torch.empty(runs * cut, features, shared)  # weights of f_a, the same for each cut of the rows
        self.audio_cuts = self.audio.view(runs, cut, features, shared).unbind(1)
        self.v_c, self.d_v_c = torch.empty(runs, classes, shared), torch.empty(runs, classes, shared)
        self.v_c_rows = torch.empty(runs * cut, classes, shared)
        self.v_c_cuts = self.v_c_rows.view(runs, cut, classes, shared).unbind(1)

        self.gram = (self.text @ self.text.T + 1).expand(runs * PARTS, -1, -1)  # the 1 is the bias, whose input is 1
        self.units = self.w_text.view(runs * PARTS, units, shared)  # hidden units are cut in two as well
        self.activation = torch.empty(runs * PARTS, classes, units)  # twice it
        self.h, self.d_h = torch.empty_like(self.activation), torch.empty_like(self.activation)
        self.d_activation = torch.empty_like(self.activation)  # summed over an epoch
        self.v_c_units = torch.empty(runs * PARTS, classes, shared)
        self.v_c_parts = self.v_c_units.view(runs, PARTS, classes, shared).unbind(1)

        self.total, self.d_total = torch.empty(runs, clips, shared), torch.empty(runs, clips, shared)
        self.unit = torch.ones(())
        self.y, self.d_y = torch.empty(runs, clips, classes), torch.zeros(runs, clips, classes)

    @torch.inference_mode()
    def start_epoch(self) -> None:
        """Take the activation of the hidden layer from its weights."""
        text = self.text.expand(len(self.w_hidden), -1, -1)
        activation = torch.baddbmm(self.b_hidden, text, self.w_hidden, beta=2, alpha=2)
        _parts(self.activation).copy_(activation.view(*activation.shape[:2], PARTS, -1).transpose(1, 2))
        self.d_activation.zero_()

    @torch.inference_mode()
    def end_epoch(self) -> None:
        """Bring the weights of the hidden layer up to date with its activation."""
        gradient = _parts(self.d_activation).transpose(1, 2).flatten(2)
        self.w_hidden.baddbmm_(self.text.T.expand(len(gradient), -1, -1), gradient, alpha=-self.lr)
        self.b_hidden.sub_(gradient.sum(1, keepdim=True), alpha=self.lr)

    @torch.inference_mode()
    def step(self, batch: Batch) -> Tensor:
        """See `zsaudio.training.loop.Engine.step`."""
        _, mask = self.data.take(batch.rows, out=self.x)
        losses, gradient = self._loss_and_gradient(self._scores(mask), batch.labels)
        torch.mul(gradient, batch.share[..., None], out=self.d_y[..., : self.n_classes])
        self._descend()
        return losses

    def _loss_and_gradient(self, scores: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Loss `[R, B]` of each clip, and its derivative by the scores `[R, B, C]`."""
        if isinstance(self.objective, CompiledWarp):
            return self.objective.with_gradient(scores, labels)
        with torch.inference_mode(False), torch.enable_grad():
            leaf = scores.clone().requires_grad_()
            losses = self.objective(leaf, labels.clone())
            return losses.detach(), torch.autograd.grad(losses.sum(), leaf)[0]

    def _scores(self, mask: Tensor | None) -> Tensor:
        """Training scores `[R, B, C]` of the clips in `x` (eq. 1 to 6)."""
        for cut in self.audio_cuts:
            cut.copy_(self.w_audio)
        self.v_x_rows.baddbmm_(self.x_rows, self.audio, beta=0, alpha=2)
        tanh_of_half(self.v_x.add_(self.b_audio[:, None], alpha=2), out=self.v_x)
        tanh_of_half(self.activation, out=self.h)
        self.v_c_units.baddbmm_(self.h, self.units, beta=0, alpha=2)
        _total(self.v_c_parts, out=self.v_c)
        tanh_of_half(self.v_c.add_(self.b_text, alpha=2), out=self.v_c)
        if self.aggregator == "attention":
            self._attend(mask)
        else:
            self._add_up(mask)
        return self.y[..., : self.n_classes]

    def _attend(self, mask: Tensor | None) -> None:
        """Eq. 3 to 5."""
        for cut in self.v_c_cuts:
            cut.copy_(self.v_c)
        torch.bmm(self.v_x_rows, self.v_c_rows.mT, out=self.s_rows)
        s = self.s
        if mask is not None:
            s = torch.add(s, torch.where(mask, 0.0, -torch.inf)[..., None], out=self.alpha)
        torch.softmax(s, 2, out=self.alpha)
        torch.mul(self.alpha, self.s, out=self.d_s)
        torch.sum(self.d_s, 2, out=self.y)

    def _add_up(self, mask: Tensor | None) -> None:
        """Eq. 6."""
        self.share = torch.ones(self.x.shape[:-1]) if mask is None else mask.to(self.x.dtype)
        if self.aggregator == "mean":
            self.share = self.share / self.share.sum(2, keepdim=True)
        torch.sum(torch.mul(self.v_x, self.share[..., None], out=self.d_v_x), 2, out=self.total)
        torch.bmm(self.total, self.v_c.mT, out=self.y)

    def _descend(self) -> None:
        """Subtract lr times the gradient from all weights; `d_y` is the objective's derivative by the scores."""
        lr = self.lr
        if self.aggregator == "attention":
            # By eq. 4 and 5, d s = alpha (1 + s - y) d y; alpha s is in d_s already, and y has served.
            torch.sub(self.unit, self.y, out=self.y)
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
            self.w_audio.sub_(cut, alpha=lr)
        self.b_audio.sub_(self.d_v_x.flatten(1, 2).sum(1, keepdim=True), alpha=lr)

        _through_tanh_(self.d_v_c, self.v_c)
        for part in self.v_c_parts:
            part.copy_(self.d_v_c)
        torch.bmm(self.v_c_units, self.units.mT, out=self.d_h)
        self.units.baddbmm_(self.h.mT, self.v_c_units, alpha=-lr)
        self.b_text.sub_(self.d_v_c.sum(1, keepdim=True), alpha=lr)
        _through_tanh_(self.d_h, self.h)
        self.d_activation.add_(self.d_h)
        self.activation.baddbmm_(self.gram, self.d_h, alpha=-2 * lr)


def tanh_of_half(x: Tensor, out: Tensor | None = None) -> Tensor:
    """The hyperbolic tangent of x / 2 by the logistic function, which some processors need a sixth of the time for.

    Args:
        x: twice what goes in, of any shape; products give it for nothing.
        out: where to write it; may be x itself.
    """
    return torch.add(_MINUS_ONE, torch.sigmoid(x, out=out), alpha=2, out=out)


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
