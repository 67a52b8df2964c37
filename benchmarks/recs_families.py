"""Synthetic networks of several families that imitate real ones and differ from the product's own generator.

Friendships: Holme-Kim (power law with triangles), forest fire (directed, densifying), small world, overlapping
communities, and taste (people alike in taste and drawn to the famous, then triadic closure). Rooms: genres whose
popularity is heavy-tailed; friends share genres. Sizes and densities are near those of Last.fm's users and artists
(HetRec 2011: 13 friends and 50 artists a user), except in the families called small. In most nobody writes or likes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import networkx as nx
import numpy as np
import numpy.typing as npt

Pairs = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]
USERS = 1_000


class Friends(NamedTuple):
    """Who follows whom; `mutual` if every follow is returned."""

    pairs: Pairs
    mutual: bool


class Family(NamedTuple):
    """How users befriend each other, and how they join rooms."""

    friends: Callable[[np.random.Generator, int], Friends]
    rooms: int = 2_000
    joined: int = 40
    genres: int = 30
    spread: float = 0.15  # of how many rooms users join, the sigma of a log-normal
    tail: float = 1.0  # popularity falls as rank to this power
    homophily: float = 0.85  # how far friends' genres become one's own
    broad: float = 0.05  # share of rooms joined whatever their genre
    talkative: bool = False


def holme_kim(random: np.random.Generator, users: int) -> Friends:
    """Holme and Kim, Growing scale-free networks with tunable clustering (Physical Review E 65, 2002)."""
    return _mutual(nx.powerlaw_cluster_graph(users, 7, 0.5, seed=int(random.integers(1 << 30))).edges)


def small_world(random: np.random.Generator, users: int) -> Friends:
    """Watts and Strogatz, Collective dynamics of small-world networks (Nature 393, 1998)."""
    return _mutual(nx.watts_strogatz_graph(users, 12, 0.25, seed=int(random.integers(1 << 30))).edges)


def forest_fire(random: np.random.Generator, users: int) -> Friends:
    """Leskovec et al., Graph evolution: densification and shrinking diameters (TKDD 1, 2007); follows are one-way."""
    followees: list[list[int]] = [[] for _ in range(users)]
    followers: list[list[int]] = [[] for _ in range(users)]
    for user in range(1, users):
        burnt, burning = {user}, [int(random.integers(user))]
        while burning and len(burnt) < 80:
            here = burning.pop(0)
            if here in burnt:
                continue
            burnt.add(here)
            followees[user].append(here)
            followers[here].append(user)
            for near, chance in ((followees[here], 0.45), (followers[here], 0.2)):
                fresh = [one for one in near if one not in burnt]
                burning += random.permutation(fresh)[: random.geometric(1 - chance) - 1].tolist()
    pairs = sorted((user, other) for user, others in enumerate(followees) for other in others)
    return Friends(_columns(pairs), mutual=False)


def communities(random: np.random.Generator, users: int) -> Friends:
    """Everybody belongs to one to three of many communities of very different sizes (Yang and Leskovec, ICDM 2012)."""
    sizes = random.pareto(1.5, users // 12) + 0.5
    chance = sizes / sizes.sum()
    members: list[list[int]] = [[] for _ in sizes]
    for user in range(users):
        for community in random.choice(len(sizes), random.integers(1, 4), replace=False, p=chance):
            members[community].append(user)
    edges: set[tuple[int, int]] = set()
    for inside in members:
        wanted = min(len(inside) * (len(inside) - 1) // 4, 4 * len(inside))
        fame = random.pareto(2.0, len(inside)) + 0.3
        if wanted:
            pairs = random.choice(inside, (wanted, 2), p=fame / fame.sum())
            edges.update((min(pair), max(pair)) for pair in pairs.tolist() if pair[0] != pair[1])
    return _mutual(edges)


def taste(random: np.random.Generator, users: int) -> Friends:
    """Half of all friendships come from likeness and fame, half through a friend of a friend."""
    place, fame = random.normal(size=(users, 8)), random.pareto(1.6, users) + 0.3
    chances = np.triu(np.exp(place @ place.T / np.sqrt(8)) * np.outer(fame, fame), 1).ravel().cumsum()
    friends: list[set[int]] = [set() for _ in range(users)]

    def befriend(one: int, other: int) -> int:
        if one == other or other in friends[one]:
            return 0
        friends[one].add(other)
        friends[other].add(one)
        return 1

    made, wanted = 0, users * 13 // 2
    while made < wanted // 2:
        made += befriend(*divmod(int(np.searchsorted(chances, random.random() * chances[-1])), users))
    while made < wanted:
        user = int(random.integers(users))
        if friends[user]:
            between = int(random.choice(sorted(friends[user])))
            made += befriend(user, int(random.choice(sorted(friends[between]))))
    return _mutual((one, other) for one in range(users) for other in friends[one] if one < other)


FAMILIES = {
    "taste": Family(taste),
    "taste, broad": Family(taste, genres=12, broad=0.25, tail=1.1),
    "Holme-Kim": Family(holme_kim),
    "Holme-Kim, small": Family(holme_kim, rooms=300, joined=8, spread=0.8, genres=12, tail=0.8, broad=0.2),
    "communities": Family(communities, homophily=0.6),
    "small world, small": Family(small_world, rooms=300, joined=8, spread=0.8, genres=12, tail=0.8, broad=0.1),
    "forest fire": Family(forest_fire, rooms=1_000, joined=12, spread=0.7, genres=12),
    "taste, talkative": Family(taste, rooms=300, joined=8, spread=0.8, genres=12, talkative=True),
    "forest fire, talkative": Family(forest_fire, rooms=1_000, joined=12, spread=0.7, genres=12, talkative=True),
}


def memberships(family: Family, friends: Pairs, random: np.random.Generator, users: int) -> Pairs:
    """Return who joins which room: by genre and popularity, genres spreading among friends."""
    genres = random.dirichlet(np.full(family.genres, 0.1), users)
    degrees = np.maximum(np.bincount(friends[0], minlength=users), 1)[:, None]
    for _ in range(4):
        around = np.zeros_like(genres)
        np.add.at(around, friends[0], genres[friends[1]])
        mixed = (1 - family.homophily) * genres + family.homophily * around / degrees
        genres = mixed**3 / (mixed**3).sum(axis=1, keepdims=True)
    popularity = random.permutation((np.arange(family.rooms) + 2.0) ** -family.tail)
    weights = np.zeros((family.genres, family.rooms))
    for share in (1.0, 0.3):
        weights[random.integers(family.genres, size=family.rooms), np.arange(family.rooms)] += share * popularity
    weights /= weights.sum(axis=1, keepdims=True) + 1e-12
    chances = (1 - family.broad) * genres @ weights + family.broad * popularity / popularity.sum()
    counts = np.rint(family.joined * random.lognormal(-(family.spread**2) / 2, family.spread, users)).astype(int)
    counts = np.clip(counts, 1, family.rooms // 3)
    order = np.argsort(-(np.log(chances + 1e-15) + random.gumbel(size=chances.shape)), axis=1)
    return _columns([(user, int(room)) for user in range(users) for room in order[user, : counts[user]]])


def _mutual(edges: object) -> Friends:
    return Friends(_columns(sorted({pair for a, b in edges for pair in ((int(a), int(b)), (int(b), int(a)))})), True)


def _columns(pairs: list[tuple[int, int]]) -> Pairs:
    columns = np.array(pairs, np.int64).reshape(-1, 2)
    return columns[:, 0], columns[:, 1]
