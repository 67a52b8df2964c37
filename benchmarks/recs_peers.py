"""The same recommendations by other libraries, written as their users would: top 10, follows, score, top 5, Parquet."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

CLOSEST, TOP = 10, 5


def polars(tables: Path, folder: Path) -> None:
    """Lazy Polars with its streaming engine."""
    import polars as pl

    scan = {
        name: pl.scan_parquet(tables / f"{name}.parquet") for name in ("messages", "likes", "follows", "subscriptions")
    }
    follows = scan["follows"].select("user_id", other="following_user_id")
    messages = scan["messages"].select(message_id="id", other="user_id")
    mentions = scan["messages"].select("user_id", other="mention_ids").explode("other").drop_nulls()
    likes = scan["likes"].join(messages, on="message_id").select("user_id", "other")
    weights = pl.concat([follows, mentions, likes]).filter(pl.col("user_id") != pl.col("other"))
    weights = weights.group_by("user_id", "other").agg(weight=pl.len())
    order = ["user_id", "weight", "other"]
    closest = (
        weights.sort(order, descending=[False, True, False]).group_by("user_id", maintain_order=True).head(CLOSEST)
    )
    closest = closest.collect(engine="streaming").lazy()
    for kind, links in (("users", follows), ("rooms", scan["subscriptions"].select("user_id", other="room_id"))):
        paths = closest.join(links.rename({"user_id": "via", "other": "item"}), left_on="other", right_on="via")
        scored = paths.group_by("user_id", "item").agg(score=pl.col("weight").sum())
        scored = scored.join(links, left_on=["user_id", "item"], right_on=["user_id", "other"], how="anti")
        if kind == "users":
            scored = scored.filter(pl.col("user_id") != pl.col("item"))
        best = scored.sort(["user_id", "score", "item"], descending=[False, True, False])
        best = best.group_by("user_id", maintain_order=True).head(TOP)
        best.collect(engine="streaming").write_parquet(folder / f"{kind}.parquet")


def scipy(tables: Path, folder: Path) -> None:
    """Sparse matrices, and sparse_dot_topn for the top of their product."""
    from sparse_dot_topn import sp_matmul_topn

    follows, rooms, closest = _matrices(tables)
    for kind, links in (("users", follows), ("rooms", rooms)):
        # as many more as can be excluded, so that the best five remain
        extra = TOP + int(np.diff(links.indptr).max()) + 1
        scored = sp_matmul_topn(closest, links.astype(np.float64), top_n=min(extra, 200), sort=True, n_threads=2)
        _write_best(scored, links, kind, folder)


def graphblas(tables: Path, folder: Path) -> None:
    """python-graphblas: a masked product."""
    import graphblas as gb

    follows, rooms, closest = _matrices(tables)
    left = gb.io.from_scipy_sparse(closest)
    for kind, links in (("users", follows), ("rooms", rooms)):
        right = gb.io.from_scipy_sparse(links.astype(np.float64))
        product = gb.Matrix(float, left.nrows, right.ncols)
        product(~right.S) << left.mxm(right, gb.semiring.plus_times)
        _write_best(gb.io.to_scipy_sparse(product, "csr"), links, kind, folder)


def pandas(tables: Path, folder: Path) -> None:
    """Go the way of 2019: everything in memory, a lambda per row."""
    import pandas as pd

    frames = {
        name: pd.read_parquet(tables / f"{name}.parquet") for name in ("messages", "likes", "follows", "subscriptions")
    }
    follows = frames["follows"].groupby("user_id")["following_user_id"].apply(list).to_dict()
    rooms = frames["subscriptions"].groupby("user_id")["room_id"].apply(list).to_dict()
    author = frames["messages"].set_index("id")["user_id"].to_dict()
    events = frames["likes"].apply(lambda row: (row["user_id"], author[row["message_id"]]), axis=1).tolist()
    for _, row in frames["messages"].iterrows():
        events += [(row["user_id"], other) for other in row["mention_ids"]]
    events += frames["follows"].apply(lambda row: (row["user_id"], row["following_user_id"]), axis=1).tolist()
    weights = (
        pd.DataFrame(events, columns=["user", "other"]).groupby(["user", "other"]).size().reset_index(name="weight")
    )
    weights = weights[weights["user"] != weights["other"]]
    closest = weights.groupby("user").apply(
        lambda group: group.sort_values(["weight", "other"], ascending=[False, True]).head(CLOSEST)
    )
    for kind, links in (("users", follows), ("rooms", rooms)):
        rows = []
        for user, group in closest.groupby(level=0):
            scores: dict[int, int] = {}
            add = partial(_add_row, scores, links)
            group.apply(lambda row, add=add: add(row), axis=1)
            known = {*links.get(user, []), user if kind == "users" else None}
            best = sorted((-score, item) for item, score in scores.items() if item not in known)[:TOP]
            rows += [(user, item, -score) for score, item in best]
        pd.DataFrame(rows, columns=["user_id", "item_id", "score"]).to_parquet(folder / f"{kind}.parquet")


def _add_row(scores: dict[int, int], links: dict[int, list[int]], row: dict[str, int]) -> None:
    for item in links.get(row["other"], []):
        scores[item] = scores.get(item, 0) + row["weight"]


def _matrices(tables: Path):
    """Return follows, subscriptions and the closest connections as sparse matrices; ids are dense here, from 1."""
    import pyarrow.parquet as pq
    from scipy import sparse

    def columns(name: str, *names: str) -> list[np.ndarray]:
        table = pq.read_table(tables / f"{name}.parquet", columns=list(names))
        return [table[column].to_numpy() for column in names]

    users, rooms = (pq.read_metadata(tables / f"{name}.parquet").num_rows + 1 for name in ("users", "rooms"))
    ids, authors = columns("messages", "id", "user_id")
    author = np.zeros(ids.max() + 1, np.int64)
    author[ids] = authors
    mentions = pq.read_table(tables / "messages.parquet", columns=["mention_ids"])["mention_ids"].combine_chunks()
    counts = mentions.value_lengths().to_numpy()
    liker, message = columns("likes", "user_id", "message_id")
    source, target = columns("follows", "user_id", "following_user_id")
    member, room = columns("subscriptions", "user_id", "room_id")
    follows = sparse.csr_matrix((np.ones(len(source)), (source, target)), (users, users))
    pairs = [(source, target), (np.repeat(authors, counts), mentions.flatten().to_numpy()), (liker, author[message])]
    rows, others = (np.concatenate([pair[side] for pair in pairs]) for side in (0, 1))
    weights = sparse.csr_matrix((np.ones(len(rows)), (rows, others)), (users, users))
    weights.setdiag(0)
    weights.eliminate_zeros()
    return follows, sparse.csr_matrix((np.ones(len(member)), (member, room)), (users, rooms)), _top(weights, CLOSEST)


def _top(matrix, most: int):
    """Keep the greatest values of every row, ties by column."""
    from scipy import sparse

    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    order = np.lexsort((matrix.indices, -matrix.data, rows))
    rank = np.arange(len(order)) - matrix.indptr[rows[order]]
    kept = order[rank < most]
    return sparse.csr_matrix((matrix.data[kept], (rows[kept], matrix.indices[kept])), matrix.shape)


def _write_best(scored, links, kind: str, folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    scored = scored - scored.multiply(links.astype(bool))
    if kind == "users":
        scored.setdiag(0)
    scored.eliminate_zeros()
    best = _top(scored.tocsr(), TOP).tocoo()
    pq.write_table(pa.table({"user_id": best.row, "item_id": best.col, "score": best.data}), folder / f"{kind}.parquet")
