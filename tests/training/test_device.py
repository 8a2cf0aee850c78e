"""The device: a GPU where there is one, a sentence where one is asked for and there is none."""

from collections.abc import Iterator

import pytest
import torch

from zsaudio import ZsAudioError
from zsaudio.training.device import choose_device, set_up


@pytest.fixture
def _as_before() -> Iterator[None]:
    """Torch computes after the test as before it."""
    threads, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    deterministic = torch.are_deterministic_algorithms_enabled()
    yield
    torch.set_num_threads(threads)
    torch.set_float32_matmul_precision(precision)
    torch.use_deterministic_algorithms(deterministic)
    torch.utils.deterministic.fill_uninitialized_memory = True


def test_auto_uses_what_is_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto") == choose_device("cpu") == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto") == choose_device("cuda") == torch.device("cuda")
    assert choose_device("cpu") == torch.device("cpu")


def test_a_gpu_that_is_not_there_is_an_error(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for ask in (choose_device, lambda name: set_up(name, 1, "float32")):
        with pytest.raises(
            ZsAudioError, match=r"^device: cuda, but torch finds no GPU; auto uses one where there is one"
        ):
            ask("cuda")


@pytest.mark.usefixtures("_as_before")
def test_threads_are_set_and_products_are_exact_unless_said_otherwise(monkeypatch):
    assert set_up("cpu", 1, "float32") == torch.device("cpu")
    assert torch.get_num_threads() == 1
    assert torch.get_float32_matmul_precision() == "highest"
    assert torch.are_deterministic_algorithms_enabled()
    set_up("cpu", 0, "tf32")
    assert torch.get_num_threads() == 1
    assert torch.get_float32_matmul_precision() == "high"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert set_up("auto", 2, "float32") == torch.device("cuda")
    assert torch.get_num_threads() == 2
    assert not torch.are_deterministic_algorithms_enabled()
