"""The network of PaSST (Koutini et al. 2022, arXiv:2110.05069): a transformer on the patches of a log-mel spectrogram.

Its parameters are called as in the authors' package, hear21passt, whose published weights it takes. The package itself
is not used: it needs timm, torchvision and torchaudio for four functions, and these need a torch of their own version
and build.
"""

from collections import OrderedDict
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

RATE, SECONDS = 32_000, 10  # Hz; the longest sound that positions are learnt for
BANDS, HIGH = 128, 15_000  # of the spectrogram, and their upper edge in Hz
WINDOW, HOP, FFT = 800, 320, 1024  # samples: 25 and 10 ms
PREEMPHASIS = 0.97
FLOOR = 1e-5  # added to the mel power before the logarithm
CENTRE, SPREAD = -4.5, 5.0  # of the logarithms, roughly
FRAMES = 998  # that time positions are counted for
PATCH = 16  # frames and bands of a patch
HEAD = 64  # features of an attention head
EPSILON = 1e-6  # of the layer norms


class Architecture(NamedTuple):
    """What distinguishes the networks of the paper.

    Attributes:
        stride: frames and bands from a patch to the next.
        patchout: how many of the rows (frequency) and of the columns (time) of patches training leaves out.
    """

    stride: int
    patchout: tuple[int, int]

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of patches of ten seconds."""
        return BANDS // self.stride, FRAMES // self.stride


class MelSpectrogram(nn.Module):
    """The spectrogram that PaSST sees; the AugmentMelSTFT of hear21passt as it is outside of training."""

    window: Tensor
    preemphasis: Tensor
    bands: Tensor

    def __init__(self) -> None:
        super().__init__()
        from transformers.audio_utils import mel_filter_bank

        # Kaldi's triangles are linear in mel.
        bands = mel_filter_bank(
            FFT // 2 + 1, BANDS, 0.0, HIGH, RATE, mel_scale="kaldi", triangularize_in_mel_space=True
        )
        for name, values in {
            "window": np.hanning(WINDOW),
            "preemphasis": [[[-PREEMPHASIS, 1]]],
            "bands": bands,
        }.items():
            self.register_buffer(name, torch.from_numpy(np.asarray(values, np.float32)), persistent=False)

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """Waveforms `[B, samples]` to `[B, 128, frames]`, 10 ms a frame; in float32 whatever autocast says."""
        with torch.autocast(x.device.type, enabled=False):
            x = F.conv1d(x.float()[:, None], self.preemphasis)[:, 0]
            spectrum = torch.stft(x, FFT, HOP, WINDOW, self.window, center=True, return_complex=True)
            power = torch.view_as_real(spectrum).square().sum(-1)
            return ((self.bands.T @ power + FLOOR).log() - CENTRE) / SPREAD


class _Attention(nn.Module):
    def __init__(self, features: int) -> None:
        super().__init__()
        self.qkv = nn.Linear(features, 3 * features)
        self.proj = nn.Linear(features, features)

    def forward(self, x: Tensor) -> Tensor:
        """`[B, N, F]` to the same."""
        q, k, v = self.qkv(x).unflatten(-1, (3, -1, HEAD)).permute(2, 0, 3, 1, 4)  # [B, heads, N, 64]
        y: Tensor = self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return y


class _Block(nn.Module):
    def __init__(self, features: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(features, eps=EPSILON)
        self.attn = _Attention(features)
        self.norm2 = nn.LayerNorm(features, eps=EPSILON)
        hidden = 4 * features
        layers = {"fc1": nn.Linear(features, hidden), "act": nn.GELU(), "fc2": nn.Linear(hidden, features)}
        self.mlp = nn.Sequential(OrderedDict(layers))

    def forward(self, x: Tensor) -> Tensor:
        """`[B, N, F]` to the same."""
        x = x + self.attn(self.norm1(x))
        y: Tensor = x + self.mlp(self.norm2(x))
        return y


class PasstNetwork(nn.Module):
    """PaSST from waveforms to what its classifier is given.

    Attributes:
        patchout: rows and columns of patches that are left out in `train()` mode (section 2.2), none in `eval()`. They
            are counted for ten seconds; of a shorter sound it is the same share.
        features: F, 768 of the published networks.
    """

    def __init__(self, architecture: Architecture, features: int = 768, depth: int = 12) -> None:
        super().__init__()
        rows, columns = architecture.grid
        self.patchout, self.features = architecture.patchout, features
        self.mel = MelSpectrogram()
        self.patch_embed = nn.Sequential(OrderedDict(proj=nn.Conv2d(1, features, PATCH, architecture.stride)))
        self.cls_token = nn.Parameter(torch.zeros(1, 1, features))
        self.dist_token = nn.Parameter(torch.zeros(1, 1, features))
        self.new_pos_embed = nn.Parameter(torch.zeros(1, 2, features))  # of the two tokens
        self.freq_new_pos_embed = nn.Parameter(torch.zeros(1, features, rows, 1))
        self.time_new_pos_embed = nn.Parameter(torch.zeros(1, features, 1, columns))
        self.blocks = nn.Sequential(*(_Block(features) for _ in range(depth)))
        self.norm = nn.LayerNorm(features, eps=EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        """Waveforms `[B, samples]` at 32 kHz, of 0.2 to 10 s, to vectors `[B, F]`: the mean of the two tokens.

        Gradients reach all parameters; the spectrogram has none.

        Raises:
            ValueError: the sound is longer than the positions.
        """
        y = self.patch_embed(self.mel(x)[:, None])  # [B, F, rows, columns]
        rows, columns = y.shape[2:]
        longest = self.time_new_pos_embed.shape[-1]
        if columns > longest:
            raise ValueError(f"sounds of {x.shape[1]:,} samples: expected at most {SECONDS * RATE:,}, ten seconds")
        y = y + self.time_new_pos_embed[..., :columns] + self.freq_new_pos_embed
        if self.training:
            by_row, by_column = self.patchout
            y = y[:, :, _kept(rows, by_row, x.device)]
            y = y[:, :, :, _kept(columns, by_column * columns // longest, x.device)]
        tokens = torch.cat([self.cls_token, self.dist_token], dim=1) + self.new_pos_embed
        sequence = torch.cat([tokens.expand(len(x), -1, -1), y.flatten(2).transpose(1, 2)], dim=1)
        vector: Tensor = self.norm(self.blocks(sequence)[:, :2]).mean(dim=1)
        return vector


def _kept(n: int, left_out: int, device: torch.device) -> Tensor:
    """Places of a random choice from n that leaves some out, in order; the same for all sounds of a batch."""
    return torch.randperm(n, device=device)[left_out:].sort().values
