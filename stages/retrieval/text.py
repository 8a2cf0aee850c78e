"""Stage text of retrieval: embeddings of the captions, of those in reverse order, and of other wordings."""

from typing import Any

from pipeline import Params, Paths, run
from zsaudio.errors import ZsAudioError
from zsaudio.storage import schemas, tables
from zsaudio.storage.downloads import default_mirror, mirror_folder
from zsaudio.text import text_encoder


def main(params: Params, paths: Paths) -> None:
    folder, told = paths.retrieval / "captions", params.retrieval.text
    captions = tables.read_table(folder / "captions.parquet", schemas.CAPTIONED)
    rewrites = tables.read_table(folder / "rewrites.csv", schemas.REWRITES)
    columns = [captions["caption"], captions["reversed"].drop_null(), rewrites["rewrite"]]
    texts = list(dict.fromkeys(text for column in columns for text in column.to_pylist()))

    name, device = told.encoder.get(params.corpus), "cpu"
    if name is None:
        raise ZsAudioError(f"retrieval.text.encoder.{params.corpus} is missing: name the encoder of its captions")
    if name == "words":
        knobs: dict[str, Any] = {"features": told.features, "ngrams": told.ngrams}
    else:
        from zsaudio.training.device import set_up

        device = set_up(params.device, params.threads, params.matmul).type
        knobs = getattr(params.text, name).model_dump() | {"pooling": told.pooling, "max_tokens": told.max_tokens}
    encoder = text_encoder(name, knobs, mirror=mirror_folder(default_mirror()), device=device)
    embeddings = encoder.encode_sentences(texts)
    written = {"caption": texts, "embedding": tables.vectors(embeddings)}
    tables.write_table(paths.retrieval / "text.parquet", schemas.CAPTION_TEXT, written, encoder.metadata)
    print(f"{len(texts):,} captions, {embeddings.shape[1]} features each by {encoder.metadata['encoder']}")


if __name__ == "__main__":
    run(main)
