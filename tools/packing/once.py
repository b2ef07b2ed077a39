"""Packing the files of a tree, once for all architectures that get the same text."""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from tools.packing.pack import pack
from tools.packing.texts import FILE
from tools.short_names import keywords, plan, shorten

Texts = dict[str, str]  # by target


def packed_once(
    texts: Texts, whole: Texts, kept: Path, makers: Iterable[Path]
) -> tuple[Texts, dict[str, Any]]:
    """`packed` of the texts, out of the file `kept` where that was made of the same texts by the
    same `makers`. Raises ValueError.
    """
    said = json.dumps([texts, whole, [path.read_text("utf-8") for path in makers]], sort_keys=True)
    key = hashlib.sha256(said.encode()).hexdigest()
    with kept.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        held, _line, of = file.read().rpartition("\n")
        if of == key:  # it is written last
            made, what = json.loads(held)
            return made, what
        made, what = packed(texts, whole)
        file.seek(0)
        file.truncate()
        file.write(json.dumps([made, what]) + "\n" + key)
    return made, what


def packed(texts: Texts, whole: Texts) -> tuple[Texts, dict[str, Any]]:
    """The modules in folders packed, those at the root of the tree with short names for what only
    they know; and how. `whole` are the modules in folders as they were written, those for the type
    checker too.
    """
    ours = {target: text for target, text in texts.items() if "/" in target}
    others = {target: text for target, text in texts.items() if "/" not in target}
    targets = {dotted(target): target for target in ours}
    sources = {dotted(target): text for target, text in numbered(ours, {}).items()}
    done = pack(sources, others, {dotted(target): text for target, text in whole.items()})
    made = {targets.get(name, _target_of(name)): text for name, text in done.texts.items()}
    if done.said:
        made[FILE] = done.said
    what = {"names": done.names, "rooms": done.rooms, "order": done.order, "files": done.files,
            "functions": done.functions}
    return made | numbered(others, plan(others), keywords(ours)), what


def numbered(texts: Texts, names: Mapping[str, dict[str, str]],
             passed: Collection[str] = ()) -> Texts:
    """The texts with the short names of a plan, and numbered arguments but those that a call of
    theirs passes by keyword, or others in `passed`.
    """
    passed = keywords(texts) | {*passed}
    return {target: shorten(texts[target], names.get(target, {}), passed) for target in texts}


def _target_of(name: str) -> str:
    return name.replace(".", "/") + ".mpy"


def dotted(target: str) -> str:
    """The name that a file of a tree is imported by."""
    return target[: -len(".mpy")].replace("/", ".").removesuffix(".__init__")
