"""The pages by which a person leafs through the pictures: one for each reader, language, width and size of text.

Every picture has a link to the same page for another width, size or language, and to the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import product
from pathlib import Path

from gateway.directory.names import LANGUAGES
from gateway.web.language import NAMES
from tests.web.live import DESK, PHONE
from tests.web.readers import READERS

SCREENS = {"phone": PHONE, "desk": DESK}
SIZES = ("normal", "largest")
Group = tuple[str, str, str, str]
"""A reader, a language, a width and a size of text."""

_STYLE = """body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#eee}nav{position:sticky;top:0;background:#fff;
padding:.5rem 1rem;border-bottom:1px solid #999}nav p,h1{margin:.2rem 0}h1{font-size:1.2rem}a{margin-right:.6rem}
figure{margin:1rem;scroll-margin-top:9rem}img{max-width:100%;border:1px solid #999;display:block}
[aria-current]{font-weight:bold;color:#000;text-decoration:none}
main{display:flex;flex-wrap:wrap;align-items:flex-start}"""


def leaf_through(folder: Path) -> None:
    """Write the pages that show what pictures there are in a folder, and `index.html` that leads to them."""
    groups = {group: found for group in _groups() if (found := _pictures(folder, group))}
    for group, names in groups.items():
        _write(folder / _page(group), " ".join(group), _choices(group, groups), _figures(group, names, groups))
    index = "".join(
        f"<p>{escape(', '.join(group))}: <a href='{_page(group)}'>{len(names)} pictures</a></p>"
        for group, names in groups.items()
    )
    _write(folder / "index.html", "Every page", "", f"<div>{index}</div>")


def _groups() -> list[Group]:
    return list(product(READERS, LANGUAGES, SCREENS, SIZES))


def _pictures(folder: Path, group: Group) -> list[str]:
    who, language, screen, size = group
    ending = f"-{screen}-{size}"
    return sorted(one.stem.removesuffix(ending) for one in (folder / who / language).glob(f"*{ending}.png"))


def _page(group: Group) -> str:
    return "-".join(group) + ".html"


def _choices(group: Group, groups: dict[Group, list[str]]) -> str:
    """Return links to the groups that differ in one thing."""
    kinds: Sequence[Sequence[str]] = (READERS, LANGUAGES, tuple(SCREENS), SIZES)
    lines = ["<p><a href='index.html'>All</a></p>"]
    for place, kind in enumerate(kinds):
        links = []
        for one in kind:
            other = (*group[:place], one, *group[place + 1 :])
            if other in groups:
                current = " aria-current='true'" if other == group else ""
                links.append(f"<a href='{'-'.join(other)}.html'{current}>{escape(NAMES.get(one, one))}</a>")
        lines.append(f"<p>{' '.join(links)}</p>")
    return "".join(lines)


def _figures(group: Group, names: list[str], groups: dict[Group, list[str]]) -> str:
    who, language, screen, size = group
    width = SCREENS[screen]["width"] if screen == "phone" else 900
    others = [one for one in groups if one != group and (one[0], one[1]) == (who, language)]
    figures = []
    for name, following in zip(names, [*names[1:], ""], strict=True):
        links = "".join(f"<a href='{_page(one)}#{name}'>{escape(one[2])} {escape(one[3])}</a>" for one in others)
        links += f"<a href='#{following}'>next</a>" if following else ""
        picture = f"{who}/{language}/{name}-{screen}-{size}.png"
        figures.append(
            f"<figure id='{name}' style='width:{width}px'><figcaption>{escape(name)}<br>{links}</figcaption>"
            f"<a href='{picture}'><img loading=lazy src='{picture}' alt='{escape(name)}'></a></figure>"
        )
    return "".join(figures)


def _write(file: Path, title: str, navigation: str, main: str) -> None:
    file.write_text(
        f"<!DOCTYPE html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>Screens: {escape(title)}</title><style>{_STYLE}</style><nav><h1>{escape(title)}</h1>{navigation}</nav>"
        f"<main>{main}</main></html>",
        "utf-8",
    )
