"""Asks html-validate, another maker's checker, what is wrong with pages; it is set up once in a cache folder."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

SOURCES = Path(__file__).with_name("html-validate")


def html_validate() -> Path:
    """Return the program, set up where it is not yet. Needs Node and npm."""
    files = sorted(SOURCES.glob("*.json"))
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / f"saattaen-html-validate-{digest}"
    program = folder / "node_modules" / ".bin" / "html-validate"
    if not program.exists():
        part = folder.with_name(f"{folder.name}.{os.getpid()}")
        shutil.copytree(SOURCES, part, dirs_exist_ok=True)
        subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=part, check=True, capture_output=True
        )
        try:
            part.replace(folder)
        except OSError:
            # Another process was faster, with the same.
            shutil.rmtree(part)
    return program


def findings(pages: Mapping[str, str]) -> list[str]:
    """Return what is wrong with *pages* (name -> HTML), a line each."""
    with TemporaryDirectory() as folder:
        for number, text in enumerate(pages.values()):
            (Path(folder) / f"{number}.html").write_text(text, "utf-8")
        # Into a file: Node ends before all of a long text went into a pipe.
        found = Path(folder) / "found.json"
        with found.open("w") as written:
            subprocess.run(
                [html_validate(), "--config", SOURCES / "htmlvalidate.json", "--formatter", "json", folder],
                stdout=written, check=False,
            )  # fmt: skip
        files = json.loads(found.read_bytes())
    names = list(pages)
    return [
        f"{names[int(Path(file['filePath']).stem)]}:{one['line']}: {one['message']} ({one['ruleId']})"
        for file in files
        for one in file["messages"]
    ]
