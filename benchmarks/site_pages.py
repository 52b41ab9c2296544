"""The catalog of a large archive to the addresses of its pages, by what they show."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

from f2s_catalog.query import query

from f2s_ray.view.site.people_pages import FACES_A_PAGE, FILES_A_PAGE, PEOPLE_A_PAGE

__all__ = ["Case", "Known", "cases"]

MANY, FEW = 1000, 5


@dataclass(frozen=True)
class Case:
    """What is asked for, and where."""

    name: str
    addresses: Sequence[str]


@dataclass(frozen=True)
class Known:
    """People, those in many and in few files, pictures, films, and paths of pictures with faces."""

    people: list[dict[str, Any]]
    media: list[dict[str, Any]]
    failures: int
    faces: list[str]

    @classmethod
    def of(cls, output: Path) -> "Known":
        """What an archive holds."""

        def rows(sql: str) -> list[dict[str, Any]]:
            return query(output, sql).to_pylist()

        people = rows("SELECT identity_id, label, name, media_count, face_count FROM people WHERE NOT is_ignored")
        media = rows("SELECT media_id, path, kind FROM media SEMI JOIN sightings USING (path)")
        failures = rows("SELECT count(*) AS n FROM failures")[0]["n"]
        faces = [row["face_id"] for row in rows("SELECT face_id FROM faces WHERE track_id IS NULL LIMIT 20000")]
        return cls(people, media, failures, faces)

    @cached_property
    def many(self) -> list[dict[str, Any]]:
        """Those in a thousand files and more."""
        return [one for one in self.people if one["media_count"] >= MANY]

    @cached_property
    def few(self) -> list[dict[str, Any]]:
        """Those in a handful."""
        return [one for one in self.people if one["media_count"] <= FEW]

    @cached_property
    def ids(self) -> dict[str, list[str]]:
        """Of pictures and films, by kind."""
        return {kind: [one["media_id"] for one in self.media if one["kind"] == kind] for kind in ("photo", "film")}


def cases(known: Known, count: int, random: Random) -> Iterator[Case]:
    """All pages but those that write or serve a picture, each ``count`` times at other places."""

    def times(make: Callable[[], str]) -> list[str]:
        return [make() for _ in range(count)]

    def page_of(one: dict[str, Any], size: int) -> int:
        return random.randint(1, ceil(one["face_count"] / size))

    walls = ceil(len(known.people) / PEOPLE_A_PAGE)
    for name, number in (("first", 1), ("middle", walls // 2), ("last", walls)):
        yield Case(f"people, {name} page", [f"/?page={number}"] * count)
    yield Case("people, by name", times(lambda: f"/?q=Name+{random.randint(1, 999)}"))
    yield Case("names as they are typed", times(lambda: f"/names.json?q=n{'ame'[: random.randint(0, 3)]}"))
    yield Case(f"person in at most {FEW} files", times(lambda: _person(random.choice(known.few))))
    yield Case(f"person in {MANY:,} files and more", times(lambda: _person(random.choice(known.many))))

    def turned() -> str:
        one = random.choice(known.many)
        where = {"page": page_of(one, FACES_A_PAGE), "files": page_of(one, FILES_A_PAGE), "least": "true"}
        return f"{_person(one)}?{urlencode(where)}"

    yield Case("the same, least alike, any page", times(turned))
    yield Case("picture", times(lambda: f"/media/{random.choice(known.ids['photo'])}"))
    yield Case("film", times(lambda: f"/media/{random.choice(known.ids['film'])}"))
    for name, ask in questions(known, random).items():
        yield Case(f"find {name}", [_find(ask()) for _ in range(count)])
    yield Case("find, another page of one answer", times(lambda: _find("", random.randint(1, 2000))))
    yield Case("failures", times(lambda: f"/failures?page={random.randint(1, ceil(known.failures / 100))}"))
    yield Case("stale results", times(lambda: f"/stale?page={random.randint(1, 900)}"))
    yield Case("runs", times(lambda: "/runs"))
    yield Case("progress of a run", times(lambda: "/runs.json"))


def questions(known: Known, random: Random) -> dict[str, Callable[[], str]]:
    """Kind of question to another one of it at each call."""
    seen = known.people[: len(known.people) // 10]

    def who() -> str:
        return f'"{random.choice(seen)["label"]}"'

    def both() -> str:
        return f'"{random.choice(known.many)["label"]} & {random.choice(known.many)["label"]}"'

    def path() -> str:
        return random.choice(known.media)["path"]

    return {
        "everything": lambda: f"blur:<={random.random() + 5:.9f}",
        "person:A": lambda: f"person:{who()}",
        "person:A of many": lambda: f'person:"{random.choice(known.many)["label"]}" noise:>{random.random() / 1e3:.9f}',
        'person:"A & B"': lambda: f"person:{both()}",
        "person:A|B": lambda: f"person:{who()}|{who()}",
        "person:A -person:B": lambda: f'person:"{random.choice(known.many)["label"]}" -person:{who()}',
        "-person:A": lambda: f"-person:{who()}",
        "only:A": lambda: f"only:{who()}",
        "faces:>=3": lambda: f"faces:>={random.randint(2, 5)} blur:<={random.random() + 5:.9f}",
        "year:": lambda: f"year:{random.randint(1950, 1980)}..{random.randint(1981, 2019)}",
        "folder:": lambda: f'folder:"{path().rpartition("/")[0]}"',
        "noise:": lambda: f"noise:>{random.random() / 10:.6f}",
        "gate:": lambda: f"gate:{random.choice(['kept', 'blended'])} blur:<={random.random() + 5:.9f}",
        "a word": lambda: f"{random.randint(0, 9999):04d}",
        "kind:film person:A": lambda: f"kind:film person:{who()}",
        "somebody who is not there": lambda: f"person:Nam{random.randint(10**5, 10**6)}",
        "a folder that is not there": lambda: f"folder:{random.randint(2100, 9999)}/roll",
        "similar:": lambda: f'similar:"{path()}"',
    }


def _person(one: dict[str, Any]) -> str:
    return f"/people/{one['identity_id']}"


def _find(question: str, page: int = 1) -> str:
    return f"/find?{urlencode({'q': question, 'page': page})}"
