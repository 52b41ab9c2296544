"""Photos of known people to how well they are told apart, beside other rules: python -m benchmarks.identities [DATA].

DATA is the folder that holds ``eval`` and ``train``; default: F2S_SHARED_DATA, or ``shared/data`` beside the repository.
All rules see the same vectors of the same faces. Ours runs with its defaults. The number of each other rule is the one
that is best for made variants of portraits in ``train/congress_pd``; what the best number for the very set reaches
stands beside it, as a bound. Pairs of faces of gov_cc0 are told apart by a threshold, in ten folds as on LFW.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import torch

from benchmarks.identity_rules import IMMICH_DISTANCE, RULES, Rule, immich
from benchmarks.labelled_faces import VARIANT_MARK, Found, faces_below, family_labels, gov_labels, variants_below
from benchmarks.pictures import data_folder
from f2s_ray.models.clustering import cluster

DISTANCES = [round(0.2 + 0.02 * step, 2) for step in range(30)]
FOLDS = 10
FALSE_ACCEPTS = (0.01, 0.001)


@dataclass(frozen=True)
class Score:
    """How well a clustering agrees with the labels; 0..1 but for the count."""

    precision: float
    recall: float
    bcubed_precision: float
    bcubed_recall: float
    mixed: int  # groups that hold two people who are labelled

    @property
    def f1(self) -> float:
        """Harmonic mean of pairwise precision and recall."""
        return harmonic(self.precision, self.recall)

    @property
    def bcubed_f1(self) -> float:
        """Harmonic mean of B-cubed precision and recall."""
        return harmonic(self.bcubed_precision, self.bcubed_recall)


def harmonic(a: float, b: float) -> float:
    return 2 * a * b / (a + b) if a + b else 0.0


def score(groups: Sequence[int], labels: Sequence[str]) -> Score:
    """Pairwise and B-cubed agreement of two partitions of the same faces."""
    together = np.equal.outer(np.array(groups), np.array(groups))
    same = np.equal.outer(np.array(labels), np.array(labels))
    pairs = np.triu_indices(len(labels), 1)
    both = together & same
    people = {group: {name for its, name in zip(groups, labels, strict=True) if its == group} for group in set(groups)}
    return Score(
        precision=float(both[pairs].sum() / max(together[pairs].sum(), 1)),
        recall=float(both[pairs].sum() / max(same[pairs].sum(), 1)),
        bcubed_precision=float((both.sum(axis=1) / together.sum(axis=1)).mean()),
        bcubed_recall=float((both.sum(axis=1) / same.sum(axis=1)).mean()),
        mixed=sum(len(names) > 1 for names in people.values()),
    )


@dataclass(frozen=True)
class Known:
    """Faces, and the labels of some of them by position."""

    found: Sequence[Found]
    labels: dict[int, str]

    def vectors(self) -> np.ndarray:
        """All faces', (n d)."""
        return np.stack([face.embedding for face in self.found])

    def score(self, groups: np.ndarray) -> Score:
        """Of the labelled faces."""
        return score([int(groups[i]) for i in self.labels], list(self.labels.values()))


def ours(known: Known) -> np.ndarray:
    _, pictures = np.unique([face.picture for face in known.found], return_inverse=True)
    count = len(known.found)
    quality = np.array([face.quality for face in known.found])
    return cluster(known.vectors(), quality, np.stack([np.arange(count), pictures], 1), np.full(count, -1))


def best_distance(rule: Rule, known: Known) -> float:
    """Of several that are as good the middle one."""
    vectors = known.vectors()
    scores = np.array([known.score(rule(vectors, distance)).bcubed_f1 for distance in DISTANCES])
    best = np.flatnonzero(scores >= scores.max() - 1e-9)
    return DISTANCES[best[len(best) // 2]]


def compare(name: str, known: Known, chosen: dict[str, float]) -> None:
    row = "| {} | {} | {} | {} / {} / {} | {} / {} / {} | {} | {} |"
    vectors = known.vectors()
    lines: list[tuple[str, float | str, Score, str]] = [("ours", "", known.score(ours(known)), "")]
    lines.append(("Immich's rule, as published", IMMICH_DISTANCE, known.score(immich(vectors, IMMICH_DISTANCE)), ""))
    for rule_name, rule in RULES.items():
        own = best_distance(rule, known)
        bound = f"{known.score(rule(vectors, own)).bcubed_f1:.3f} at {own:g}"
        lines.append((rule_name, chosen[rule_name], known.score(rule(vectors, chosen[rule_name])), bound))
    for rule_name, number, got, bound in lines:
        pairwise = [f"{value:.3f}" for value in (got.precision, got.recall, got.f1)]
        bcubed = [f"{value:.3f}" for value in (got.bcubed_precision, got.bcubed_recall, got.bcubed_f1)]
        print(row.format(name, rule_name, number, *pairwise, *bcubed, got.mixed, bound))


def verify(known: Known, seed: int = 0) -> str:
    """Accuracy over ten folds of people, each at the threshold that is best in the other nine; and rates over all pairs."""
    people = np.array(sorted(set(known.labels.values())))
    fold_of = dict(zip(people, np.random.default_rng(seed).permutation(len(people)) % FOLDS, strict=True))
    pairs = list(combinations(known.labels, 2))
    vectors = known.vectors()
    a, b = np.array(pairs).T
    cosines = np.einsum("kd,kd->k", vectors[a], vectors[b])
    same = np.array([known.labels[i] == known.labels[j] for i, j in pairs])
    apart = np.array([known.found[i].picture != known.found[j].picture for i, j in pairs])
    fold = np.array([fold_of[known.labels[i]] if fold_of[known.labels[i]] == fold_of[known.labels[j]] else -1
                     for i, j in pairs])  # fmt: skip
    rng, chosen = np.random.default_rng(seed), []
    for number in range(FOLDS):
        mine = np.flatnonzero((fold == number) & same & apart)
        others = np.flatnonzero((fold == number) & ~same & apart)
        chosen.append(np.concatenate([mine, rng.choice(others, min(len(mine), len(others)), replace=False)]))
    accuracies = []
    for number, held_out in enumerate(chosen):
        rest = np.concatenate([some for other, some in enumerate(chosen) if other != number])
        best = max(np.unique(cosines[rest]), key=lambda cosine: np.mean((cosines[rest] >= cosine) == same[rest]))
        accuracies.append(np.mean((cosines[held_out] >= best) == same[held_out]))
    strangers, own = cosines[~same & apart], cosines[same & apart]
    rates = [f"{np.mean(own > np.quantile(strangers, 1 - rate)):.3f} at FAR {rate:g}" for rate in FALSE_ACCEPTS]
    used = sum(len(some) for some in chosen)
    return (
        f"{used} pairs in {FOLDS} folds: accuracy {np.mean(accuracies):.4f} (sd {np.std(accuracies):.4f}); "
        f"{len(own)} own and {len(strangers)} strangers' pairs: TAR {', '.join(rates)}"
    )


def main(data: Path) -> None:
    made = variants_below(data / "train" / "congress_pd")
    train = Known(made, {number: face.picture.split(VARIANT_MARK)[0] for number, face in enumerate(made)})
    chosen = {name: best_distance(rule, train) for name, rule in RULES.items()}
    print(
        "| set | rule | distance | pair P / R / F1 | B-cubed P / R / F1 | groups of two people | best for this very set |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    compare("train/congress_pd, made", train, chosen)
    for name, read_labels in (("gov_cc0", gov_labels), ("azure_mit", family_labels)):
        root = data / "eval" / name
        found = faces_below(root)
        labels, labelled = read_labels(root, found)
        known = Known(found, labels)
        compare(f"eval/{name}", known, chosen)
        print(f"\neval/{name}: {len(found)} faces, {len(labels)} of {labelled} labelled ones found")
        if name == "gov_cc0":
            print(f"eval/{name}: {verify(known)}\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else data_folder())
