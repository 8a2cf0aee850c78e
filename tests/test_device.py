"""The device: a GPU where there is one, a sentence where one is asked for and there is none."""

import pytest
import torch

from zsaudio import ZsAudioError
from zsaudio.training.device import choose_device, set_up


def test_auto_takes_what_is_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto") == choose_device("cpu") == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto") == choose_device("cuda") == torch.device("cuda")
    assert choose_device("cpu") == torch.device("cpu")


def test_a_gpu_that_is_not_there_is_an_error(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ZsAudioError, match=r"^device: cuda, but torch finds no GPU; auto takes one where there is one"):
        choose_device("cuda")


def test_threads_are_set_and_products_are_exact_unless_said_otherwise():
    threads = torch.get_num_threads()
    try:
        set_up(torch.device("cpu"), 1, "float32")
        assert torch.get_num_threads() == 1
        assert torch.get_float32_matmul_precision() == "highest"
        assert torch.are_deterministic_algorithms_enabled()
        set_up(torch.device("cpu"), 0, "tf32")
        assert torch.get_num_threads() == 1
        assert torch.get_float32_matmul_precision() == "high"
        set_up(torch.device("cuda"), 2, "float32")
        assert torch.get_num_threads() == 2
        assert not torch.are_deterministic_algorithms_enabled()
    finally:
        set_up(torch.device("cpu"), threads, "float32")
        torch.use_deterministic_algorithms(False)
        torch.utils.deterministic.fill_uninitialized_memory = True
