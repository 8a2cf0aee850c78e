"""What tests of retrieval share: one thread, and networks in the public formats."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from dual_encoders import save_networks


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Products are small here: on a busy machine a second thread costs more than it saves."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def networks(tmp_path_factory) -> Path:
    """A folder with tiny encoders of sounds and texts."""
    folder = tmp_path_factory.mktemp("networks")
    save_networks(folder)
    return folder
