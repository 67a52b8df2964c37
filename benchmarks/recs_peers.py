"""Whom to follow and which rooms to join by other libraries, as their users would: links in, the top 5 out as Parquet.

Each works on follows, then on memberships, alone: none of them takes users and rooms, or engagement, together.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

TOP = 5


def implicit_items(tables: Path, folder: Path) -> None:
    """implicit: items like a user's own by the cosine, weighted by BM25, 100 of each."""
    from implicit.nearest_neighbours import BM25Recommender

    _with_implicit(lambda: BM25Recommender(K=100, num_threads=2), tables, folder)


def implicit_als(tables: Path, folder: Path) -> None:
    """implicit: alternating least squares with 64 factors (Hu, Koren and Volinsky, ICDM 2008)."""
    from implicit.als import AlternatingLeastSquares

    _with_implicit(lambda: AlternatingLeastSquares(factors=64, num_threads=2, random_state=0), tables, folder)


def sparse_dot_topn(tables: Path, folder: Path) -> None:
    """Cosines of items, 100 of each, times the links: two products by sparse_dot_topn."""
    from scipy import sparse
    from sparse_dot_topn import sp_matmul_topn

    for kind, links in _matrices(tables):
        norms = np.sqrt(np.maximum(np.asarray(links.sum(axis=0)).ravel(), 1))
        unit = (links @ sparse.diags(1 / norms)).tocsr()
        alike = sp_matmul_topn(unit.T.tocsr(), unit, top_n=100, n_threads=2)
        known = int(np.diff(links.indptr).max())
        scored = sp_matmul_topn(links, alike, top_n=min(TOP + known, 300), sort=True, n_threads=2)
        scored = scored - scored.multiply(links > 0)
        rows = np.repeat(np.arange(scored.shape[0]), np.diff(scored.indptr))
        order = np.lexsort((scored.indices, -scored.data, rows))
        rank = np.arange(len(order)) - scored.indptr[rows[order]]
        kept = order[(rank < TOP) & (scored.data[order] > 0)]
        _write(rows[kept], scored.indices[kept], kind, folder)


def ease(tables: Path, folder: Path) -> None:
    """EASE (Steck, WWW 2019): the inverse of the items' full Gram matrix, so for a few thousand items."""
    for kind, links in _matrices(tables):
        gram = (links.T @ links).toarray() + 200.0 * np.eye(links.shape[1])
        inverse = np.linalg.inv(gram)
        weights = inverse / -np.diag(inverse)
        np.fill_diagonal(weights, 0)
        scores = links @ weights
        scores[links.nonzero()] = -np.inf
        best = np.argsort(-scores, axis=1, kind="stable")[:, :TOP]
        _write(np.repeat(np.arange(len(best)), TOP), best.ravel(), kind, folder)


def _with_implicit(make: Callable[[], object], tables: Path, folder: Path) -> None:
    for kind, links in _matrices(tables):
        model = make()
        model.fit(links, show_progress=False)
        people = np.arange(links.shape[0])
        items, _ = model.recommend(people, links, N=TOP, filter_already_liked_items=True)
        rows = np.repeat(people, TOP)
        _write(rows[items.ravel() >= 0], items.ravel()[items.ravel() >= 0], kind, folder)


def _matrices(tables: Path):
    """Yield follows and memberships as sparse matrices of 32-bit numbers; ids are dense here, from 1."""
    import pyarrow.parquet as pq
    from scipy import sparse

    users, rooms = (pq.read_table(tables / name, columns=["id"]).num_rows + 1 for name in ("users", "rooms"))
    for kind, name, target, count in (
        ("users", "follows", "following_user_id", users),
        ("rooms", "subscriptions", "room_id", rooms),
    ):
        table = pq.read_table(tables / name, columns=["user_id", target])
        pairs = table["user_id"].to_numpy(), table[target].to_numpy()
        yield kind, sparse.csr_matrix((np.ones(len(table), np.float32), pairs), (users, count))


def _write(users: np.ndarray, items: np.ndarray, kind: str, folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"user_id": users, "item_id": items}), folder / f"{kind}.parquet")
