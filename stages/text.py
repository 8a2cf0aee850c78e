"""Stage text: embeddings of the class labels (section 3.3)."""

from pipeline import Paths, run, use_device
from zsaudio import schemas, tables
from zsaudio.fetch import default_mirror, mirror_folder
from zsaudio.ontology import read_ontology
from zsaudio.params import Params
from zsaudio.text import Label, text_encoder


def main(params: Params, paths: Paths) -> None:
    classes = tables.read_table(paths.classes, schemas.CLASSES)
    nodes = read_ontology(paths.raw / "ontology.json").nodes
    names = classes["name"].to_pylist()
    mids = classes["mid"].to_pylist()
    chosen = params.text
    device = use_device(params).type if chosen.encoder[params.corpus] == "bert" else "cpu"
    encoder = text_encoder(
        chosen.encoder[params.corpus],
        model=chosen.model,
        revision=chosen.revision,
        pooling=chosen.pooling,
        vectors=chosen.vectors,
        features=chosen.features,
        batch_size=chosen.batch_size,
        mirror=mirror_folder(default_mirror()),
        device=device,
    )
    labels = [Label(name, nodes[mid].description) for mid, name in zip(mids, names, strict=True)]
    embeddings = encoder.encode(labels)
    tables.write_table(
        paths.text,
        schemas.TEXT,
        {
            "mid": mids,
            "name": names,
            "description": [label.description for label in labels],
            "embedding": tables.vectors(embeddings),
        },
        encoder.facts,
    )
    print(f"{len(names)} labels, {embeddings.shape[1]} features by {encoder.facts['encoder']}")


if __name__ == "__main__":
    run(main)
