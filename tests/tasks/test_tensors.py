"""Examples as tensors: stored numbers become embeddings when a batch is taken, and padding is masked."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from builders import CPU, random_examples
from zsaudio.tasks.tensors import ExampleTensors


def embedded_with(values: np.ndarray, n_segments: list[int], scale: float = 0.5, offset: float = -1.0):
    embedded = random_examples(len(values))
    audio = replace(embedded.audio, values=values, n_segments=np.array(n_segments), scale=scale, offset=offset)
    return ExampleTensors(replace(embedded, audio=audio), CPU)


@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float32])
def test_stored_values_are_scaled_and_moved(dtype):
    data = embedded_with(np.arange(12, dtype=dtype).reshape(3, 2, 2), [2, 2, 2])
    x, mask = data.take(torch.tensor([2, 0]))
    assert x.dtype == torch.float32
    assert x.tolist() == [[[3.0, 3.5], [4.0, 4.5]], [[-1.0, -0.5], [0.0, 0.5]]]
    assert mask is None
    again, _ = data.take(torch.tensor([2, 0]))
    assert torch.equal(again, x)  # what is stored has not changed


def test_padded_segments_are_masked():
    data = embedded_with(np.zeros((3, 2, 2), np.uint8), [2, 1, 2])
    _, mask = data.take(torch.tensor([[0, 1], [1, 2]]))
    assert mask.tolist() == [[[True, True], [True, False]], [[True, False], [True, True]]]


def test_rows_of_any_shape_are_written_where_they_shall_be():
    data = embedded_with(np.arange(12, dtype=np.uint8).reshape(3, 2, 2), [2, 2, 2])
    rows, room = torch.tensor([[0, 1], [2, 2]]), torch.empty(2, 2, 2, 2)
    x, _ = data.take(rows, out=room)
    assert x is room
    assert torch.equal(x, data.take(rows)[0])


def test_labels_are_there_as_positions_and_as_a_matrix():
    embedded = random_examples(10, 5)
    data = ExampleTensors(embedded, CPU)
    assert np.array_equal(data.labels.numpy(), embedded.examples.clips.labels)
    assert np.array_equal(data.carried, embedded.examples.carried())
    assert data.n_labels.tolist() == data.carried.sum(axis=1).tolist()
    assert (data.segments, data.features) == (4, 7)
