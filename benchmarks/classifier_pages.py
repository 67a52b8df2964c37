# ruff: noqa: E501, RUF001 # templates of pages are long lines, and formulas have signs of their own
"""Small pages as people take screenshots of them: code, terminals, calendars, chats, boards, maps, letters, formulas."""

from __future__ import annotations

import random
from collections.abc import Callable

WORDS = [
    "the",
    "of",
    "and",
    "to",
    "in",
    "is",
    "that",
    "for",
    "it",
    "as",
    "was",
    "with",
    "be",
    "by",
    "on",
    "not",
    "he",
    "his",
    "but",
    "at",
    "are",
    "this",
    "have",
    "from",
    "or",
    "had",
    "an",
    "they",
    "which",
    "one",
    "you",
    "were",
    "her",
    "all",
    "she",
    "there",
    "would",
    "their",
    "we",
    "him",
    "been",
    "has",
    "when",
    "who",
    "will",
    "more",
    "no",
    "if",
    "out",
    "so",
    "said",
    "what",
    "up",
    "its",
    "about",
]
FONTS = ("Liberation Sans", "Liberation Serif", "Liberation Mono", "sans-serif", "serif")


def words(source: random.Random, low: int, high: int) -> str:
    """Return a sentence of common words."""
    return " ".join(source.choices(WORDS, k=source.randint(low, high))).capitalize()


def colour(source: random.Random, light: tuple[int, int] = (20, 90)) -> str:
    """Return any colour of a lightness in per cent."""
    return f"hsl({source.randrange(360)} {source.randrange(20, 95)}% {source.randint(*light)}%)"


def _page(source: random.Random, body: str, style: str = "", paper: str = "white", ink: str = "#222") -> str:
    size, family = source.randint(11, 20), source.choice(FONTS)
    return (
        f"<style>body{{margin:{source.randrange(0, 30)}px;font:{size}px {family};background:{paper};color:{ink}}}"
        f"{style}</style>{body}"
    )


def login(source: random.Random) -> str:
    """Draw a form to sign in or up with."""
    fields = "".join(
        f"<p><label>{source.choice(['E-mail', 'Password', 'Name', 'Phone', 'Company', 'City', 'Code'])}<br>"
        f"<input size={source.randint(16, 40)} placeholder='{words(source, 0, 2)}'></label>"
        for _ in range(source.randint(2, 7))
    )
    button = f"<p><button style='background:{colour(source)};color:white;padding:8px 30px;border:0'>{words(source, 1, 2)}</button>"
    box = f"<form style='margin:6vh auto;width:{source.randint(250, 420)}px;padding:25px;background:white;border:1px solid #ddd'>"
    return _page(source, f"{box}<h2>{words(source, 1, 3)}</h2>{fields}{button}</form>", paper=colour(source, (85, 99)))


def chat(source: random.Random) -> str:
    """Draw a conversation on a phone."""
    dark = source.random() < 0.4
    mine = colour(source, (35, 60))
    bubbles = "".join(
        f"<div style='max-width:70%;width:fit-content;padding:8px 12px;margin:8px {'0 8px auto' if source.random() < 0.5 else 'auto 8px 0'};"
        f"border-radius:14px;background:{source.choice([mine, '#444' if dark else '#e5e5ea'])}'>{words(source, 1, 18)}</div>"
        for _ in range(source.randint(4, 14))
    )
    return _page(source, bubbles, paper="#111" if dark else "white", ink="#eee" if dark else "#111")


def code(source: random.Random) -> str:
    """Draw an editor with a program in it."""
    dark = source.random() < 0.7
    rows = []
    for number in range(1, source.randint(15, 45)):
        tokens = " ".join(
            f"<span style='color:{colour(source, (55, 80) if dark else (20, 45))}'>{word}</span>"
            for word in words(source, 1, 8).lower().replace(" ", source.choice([" ", ".", "_", "("])).split()
        )
        rows.append(f"<span style='color:#888'>{number:3} </span>{'    ' * source.randint(0, 3)}{tokens}")
    return _page(
        source, f"<pre>{chr(10).join(rows)}</pre>", paper="#1e1e2e" if dark else "white", ink="#ddd" if dark else "#222"
    )


def terminal(source: random.Random) -> str:
    """Draw the output of commands in one colour."""
    rows = "\n".join(
        source.choice(["$ ", "> ", "", "", "-rw-r--r-- 1 root "]) + words(source, 1, 14).lower() for _ in range(40)
    )
    ink = source.choice(["#3f3", "#ddd", "#fb3", "#fff"])
    return _page(source, f"<pre>{rows}</pre>", paper=source.choice(["black", "#300a24", "#012456"]), ink=ink)


def calendar(source: random.Random) -> str:
    """Draw a month with entries."""
    cells = "".join(
        f"<td>{day}<br>"
        + (
            f"<small style='background:{colour(source, (60, 85))}'>{words(source, 1, 3)}</small>"
            if source.random() < 0.3
            else ""
        )
        + ("<tr>" if day % 7 == 0 else "")
        for day in range(1, 32)
    )
    style = (
        "table{width:96%;height:90vh;border-collapse:collapse}td{border:1px solid #bbb;vertical-align:top;padding:4px}"
    )
    return _page(source, f"<h2>{words(source, 1, 2)} 2026</h2><table><tr>{cells}</table>", style)


def board(source: random.Random) -> str:
    """Draw a chess board or a puzzle of numbers."""
    chess = source.random() < 0.5
    side = 8 if chess else 9
    first, second = colour(source, (75, 95)), colour(source, (30, 60))
    pieces = "♔♕♖♗♘♙♚♛♜♝♞♟" if chess else "123456789"
    cells = "".join(
        f"<td style='background:{second if chess and (row + column) % 2 else first}'>"
        f"{source.choice(pieces) if source.random() < 0.35 else ''}</td>" + ("<tr>" if column == side - 1 else "")
        for row in range(side)
        for column in range(side)
    )
    style = "table{border-collapse:collapse}td{width:52px;height:52px;text-align:center;font-size:34px;border:1px solid #666}"
    return _page(source, f"<table><tr>{cells}</table>", style)


def street_map(source: random.Random) -> str:
    """Draw roads, parks, water and names."""
    shapes = []
    for _ in range(source.randint(2, 7)):
        x, y, reach = source.randrange(1000), source.randrange(700), source.randrange(40, 220)
        points = " ".join(f"{x + source.randint(-reach, reach)},{y + source.randint(-reach, reach)}" for _ in range(6))
        shapes.append(f"<polygon points='{points}' fill='{source.choice(['#c8e6b0', '#aad3df', '#e8ddcb'])}'/>")
    for _ in range(source.randint(10, 40)):
        width = source.choice([2, 3, 4, 8, 12])
        path = (
            f"M{source.randint(-100, 1100)} {source.randint(-100, 800)} Q{source.randint(0, 1000)} {source.randint(0, 700)} "
            f"{source.randint(-100, 1100)} {source.randint(-100, 800)}"
        )
        shade = source.choice(["white", "white", "#fcd6a4", "#e892a2", "#f7fabf"])
        shapes += [
            f"<path d='{path}' stroke='#bbb' stroke-width='{width + 2}' fill='none'/>",
            f"<path d='{path}' stroke='{shade}' stroke-width='{width}' fill='none'/>",
        ]
    for _ in range(source.randint(5, 20)):
        shapes.append(
            f"<text x='{source.randrange(900)}' y='{source.randrange(700)}' font-size='{source.randint(10, 20)}'>{words(source, 1, 2)}</text>"
        )
    return f"<body style='margin:0;background:#f2efe9'><svg width=1100 height=800>{''.join(shapes)}</svg>"


def letter(source: random.Random) -> str:
    """Draw a letter, an article or a contract."""
    paragraphs = "".join(f"<p>{words(source, 20, 90)}." for _ in range(source.randint(3, 9)))
    columns = source.choice([1, 1, 2, 3])
    return _page(source, f"<h1>{words(source, 2, 7)}</h1><div style='columns:{columns}'>{paragraphs}</div>")


def invoice(source: random.Random) -> str:
    """Draw an invoice with items and a total."""
    rows = "".join(
        f"<tr><td>{words(source, 1, 5)}<td>{source.randint(1, 20)}<td>{source.uniform(1, 900):.2f}"
        for _ in range(source.randint(3, 15))
    )
    style = f"table{{width:95%;border-collapse:collapse}}td{{border-bottom:1px solid #ccc;padding:6px}}h1{{color:{colour(source)}}}"
    return _page(source, f"<h1>{words(source, 1, 2)}</h1><p>{words(source, 5, 15)}<table>{rows}</table>", style)


def formula(source: random.Random) -> str:
    """Draw a page of mathematics or an exercise."""
    signs = "∑∫∂√π∞≈≤αβγδλμσφΩ+−=×"
    rows = "".join(
        f"<p style='text-align:center;font-size:{source.randint(20, 36)}px'>"
        + " ".join(
            source.choice(signs) + f"<sub>{source.choice('ijkn')}</sub>"
            if source.random() < 0.5
            else source.choice("xyzabf()")
            for _ in range(source.randint(5, 16))
        )
        + f"<p>{words(source, 8, 30)}."
        for _ in range(source.randint(2, 6))
    )
    return _page(source, rows)


def slide(source: random.Random) -> str:
    """Draw a slide with a heading and points."""
    points = "".join(f"<li>{words(source, 2, 9)}" for _ in range(source.randint(3, 6)))
    dark = source.random() < 0.3
    return (
        f"<body style='margin:0;background:{colour(source, (10, 25)) if dark else 'white'};color:{'white' if dark else '#222'};"
        f"font:30px sans-serif'><div style='background:{colour(source)};color:white;padding:30px'>{words(source, 2, 5)}</div>"
        f"<ul style='line-height:1.7'>{points}</ul>"
    )


def shop(source: random.Random) -> str:
    """Draw the goods of a shop."""
    goods = "".join(
        f"<div style='display:inline-block;width:150px;margin:8px'><div style='height:120px;background:{colour(source, (40, 90))};"
        f"border-radius:{source.choice([0, 8, 60])}px'></div><b>{words(source, 1, 3)}</b><br>${source.uniform(1, 200):.2f}<br>"
        f"<button>{words(source, 1, 1)}</button></div>"
        for _ in range(source.randint(4, 15))
    )
    return _page(source, f"<h2>{words(source, 1, 3)}</h2>{goods}")


def music(source: random.Random) -> str:
    """Draw staves with notes."""
    parts = []
    for stave in range(source.randint(3, 7)):
        y = 60 + stave * 100
        parts += [f"<path d='M20 {y + 10 * line}H760' stroke='black'/>" for line in range(5)]
        for note in range(source.randint(10, 22)):
            x, place = 60 + note * 32, y + source.randint(-1, 9) * 5
            stem = -32 if source.random() < 0.6 else 32
            parts.append(
                f"<ellipse cx='{x}' cy='{place}' rx=6 ry=4.5 /><path d='M{x + 5} {place}v{stem}' stroke='black'/>"
            )
    return f"<body style='margin:0'><svg width=800 height=800>{''.join(parts)}</svg>"


KINDS: dict[str, Callable[[random.Random], str]] = {
    "login": login,
    "chat": chat,
    "code": code,
    "terminal": terminal,
    "calendar": calendar,
    "board": board,
    "street-map": street_map,
    "letter": letter,
    "invoice": invoice,
    "formula": formula,
    "slide": slide,
    "shop": shop,
    "music": music,
}
