"""Stage text: embeddings of the class labels (section 3.3)."""

from pipeline import Params, Paths, run
from zsaudio.formats.ontology import read_ontology
from zsaudio.storage import schemas, tables
from zsaudio.storage.downloads import default_mirror, mirror_folder
from zsaudio.text import Label, embed_labels, text_encoder


def main(params: Params, paths: Paths) -> None:
    classes = tables.read_table(paths.classes, schemas.CLASSES)
    ontology = read_ontology(paths.raw / "ontology.json")
    names, mids = classes["name"].to_pylist(), classes["mid"].to_pylist()
    labels = [
        Label(
            name,
            ontology.nodes[mid].description,
            mid,
            path=", ".join(ontology.path(mid)),
            parents=ontology.above(mid),
            below=len(ontology.below(mid)),
        )
        for mid, name in zip(mids, names, strict=True)
    ]

    name, device = params.text.encoder[params.corpus], "cpu"
    if name in ("bert", "hf"):  # the others need no torch, which takes a second to import
        from zsaudio.training.device import set_up

        device = set_up(params.device, params.threads, params.matmul).type
    knobs = getattr(params.text, name).model_dump()
    encoder = text_encoder(name, knobs, mirror=mirror_folder(default_mirror()), device=device)
    embeddings = {text: embed_labels(encoder, labels, text) for text in params.text.texts}
    columns = {
        "mid": mids,
        "name": names,
        "description": [label.description for label in labels],
        "path": [label.path for label in labels],
        "parents": [label.parents for label in labels],
        "below": [label.below for label in labels],
        **{f"{text}_embedding": tables.vectors(vectors) for text, vectors in embeddings.items()},
    }
    tables.write_table(paths.text, schemas.TEXT, columns, encoder.metadata)
    branch = encoder.metadata.get("branch")  # of a model of the hub
    at = f" at {branch}" if branch else ""
    features = next(iter(embeddings.values())).shape[1]
    texts = ", ".join(embeddings)
    print(f"{len(names)} labels by {texts}, {features} features each by {encoder.metadata['encoder']}{at}")


if __name__ == "__main__":
    run(main)
