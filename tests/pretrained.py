"""Small models with random weights, saved in the form in which the hub has public ones."""

from pathlib import Path

import torch
from transformers import (
    ASTConfig,
    ASTFeatureExtractor,
    ASTModel,
    ClapConfig,
    ClapFeatureExtractor,
    ClapModel,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaModel,
    T5Config,
    T5Model,
    Wav2Vec2Config,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2Model,
    set_seed,
)

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
WORDS = ["dog", "bark", "rain", "siren", "this", "is", "a", "sound", "of", "."]
WORDS += ["low", "middle", "high", "shrill", "steady", "pulsing", "hum", "buzz", "hiss"]  # of the demo's names
WORDS += ["bird", "song", "call", "rattle"]  # and of the tiny corpus
POSITIONS = 34  # of which RoBERTa uses 32
TEXT_TOWER = {
    "vocab_size": len(SPECIAL) + len(WORDS),
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 8,
    "max_position_embeddings": POSITIONS,
}


def save_tokenizer(folder: Path) -> None:
    """One piece for each word, in the form of RoBERTa's."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    vocabulary = {piece: i for i, piece in enumerate([*SPECIAL, *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    names = dict(zip(("bos_token", "pad_token", "eos_token", "unk_token"), SPECIAL, strict=True))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder)


def _save(model: PreTrainedModel, folder: Path) -> Path:
    with torch.no_grad():
        for weight in model.parameters():  # spread so far that inputs make a difference
            if weight.ndim > 1:
                weight.normal_(0, 0.3)
    model.save_pretrained(folder)
    return folder


def save_roberta(folder: Path) -> Path:
    set_seed(0)
    save_tokenizer(folder)
    return _save(RobertaModel(RobertaConfig(**TEXT_TOWER)), folder)


def save_t5(folder: Path) -> Path:
    """An encoder with a decoder."""
    set_seed(0)
    save_tokenizer(folder)
    size = {"d_model": 8, "d_kv": 4, "d_ff": 8, "num_layers": 1, "num_heads": 2}
    return _save(T5Model(T5Config(vocab_size=TEXT_TOWER["vocab_size"], **size)), folder)


def save_clap(folder: Path, *, fused: bool = False) -> Path:
    """CLAP: two towers that project into one space of 6 numbers; sounds of a second, at 48 kHz."""
    set_seed(1)
    save_tokenizer(folder)
    cut = {"truncation": "fusion" if fused else "rand_trunc"}
    extractor = ClapFeatureExtractor(feature_size=16, sampling_rate=48_000, max_length_s=1, hop_length=1500, **cut)
    extractor.save_pretrained(folder)
    audio = {
        "spec_size": 32,
        "num_mel_bins": 16,
        "patch_size": 4,
        "patch_stride": [4, 4],
        "window_size": 2,
        "patch_embeds_hidden_size": 8,
        "hidden_size": 16,
        "depths": [1, 1],
        "num_attention_heads": [1, 2],
        "enable_fusion": fused,
    }
    return _save(ClapModel(ClapConfig(text_config=TEXT_TOWER, audio_config=audio, projection_dim=6)), folder)


def save_ast(folder: Path) -> Path:
    """The Audio Spectrogram Transformer, at 16 kHz: a pooled vector of 8 numbers."""
    set_seed(0)
    ASTFeatureExtractor(max_length=96, num_mel_bins=16).save_pretrained(folder)
    size = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    return _save(ASTModel(ASTConfig(max_length=96, num_mel_bins=16, **size)), folder)


def save_wav2vec2(folder: Path) -> Path:
    """Samples at 16 kHz to a sequence of vectors of 8 numbers."""
    set_seed(0)
    Wav2Vec2FeatureExtractor().save_pretrained(folder)
    convolutions = {"conv_dim": [8, 8], "conv_kernel": [400, 3], "conv_stride": [320, 2]}
    position = {"num_conv_pos_embeddings": 4, "num_conv_pos_embedding_groups": 2}
    size = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    return _save(Wav2Vec2Model(Wav2Vec2Config(**size, **convolutions, **position)), folder)
