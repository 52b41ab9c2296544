"""Known small archives, and who and what a question finds in them."""

from pathlib import Path

import pytest
from f2s_catalog.errors import CatalogError, QueryError
from f2s_catalog.find import find
from f2s_catalog.find_like import FacesRead
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import TABLES, DegradationCode, Face, FaceGate, MediaItem, Shot, Sighting, Source, TrackGate
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.catalog.made import face, outcome, person, shot, source

ANN, BEN, CID, NOBODY = "a" * 32, "b" * 32, "c" * 32, "d" * 32


class Archive:
    """Records that are put down in words, and committed at once."""

    def __init__(self, root: Path) -> None:
        self.root, self.records, self.faces = root, [], {}

    def media(self, path, *, kind="photo", taken=None, is_listed=True, noise=None) -> str:
        media_id = f"m{len(self.records)}"
        self.records.append(
            MediaItem(
                media_id=media_id, path=path, content_digest="c", byte_count=1, modified_ns=0, kind=kind, format="JPEG",
                width_px=9, height_px=9, orientation=1, page_count=1, bit_depth=8, colour="rgb", has_alpha=False,
                has_icc=False, has_exif=False, has_xmp=False, has_iptc=False, captured_at=taken, camera=None, film=None,
            )
        )  # fmt: skip
        self.records += [source(path)] if is_listed else []
        for index, sigma in enumerate(noise or [None]):
            self.add_shot(f"{media_id}/{index}", media_id, sigma)
        return media_id

    def add_shot(self, shot_id, media_id, sigma) -> None:
        numbers = dict.fromkeys(
            ["blur_sigma_px", "jpeg_quality", "downscale", "agreement"], None if sigma is None else 2
        )
        self.records += [
            Shot.model_validate({**shot(0).model_dump(), "shot_id": shot_id, "media_id": media_id}),
            DegradationCode(
                shot_id=shot_id, origin="blind" if sigma is None else "face", lender_shot_id=None, why="", code=(),
                signature=(), noise_sigma=sigma, regions=(), changes=(), estimator="e", **numbers,
            ),
        ]  # fmt: skip

    def add_track_gate(self, media_id, decision) -> None:
        gate = FaceGate(
            face_id="f", identity_id=None, reference_face_ids=(), decision=decision, weight=0, similarity_before=None,
            similarity_after=None, other_before=None, other_after=None, self_similarity=1, reason="",
        )  # fmt: skip
        own = {"shot_id": f"{media_id}/0", "media_id": media_id, "face_ids": (), "version": ""}
        self.records.append(TrackGate(track_id=f"{media_id}/0/t0", gate=gate, **own))

    def seen(self, identity_id, media_id, *spans, frames=1) -> None:
        """A face of a photo, or a track of a film for each span, known by several frames."""
        for begin, end in spans or [(0, 0)]:
            number = sum(map(len, self.faces.values()))
            track = f"{media_id}/0/t{number}" if spans else None
            for frame in range(frames):
                own = {"face_id": f"{media_id}/0/{number + frame}", "shot_id": f"{media_id}/0", "media_id": media_id}
                span = {"track_id": track, "frame": frame, "seen_from_seconds": begin, "seen_to_seconds": end}
                self.records.append(face(0).model_copy(update={**own, **span}))
                self.faces.setdefault(identity_id, []).append(own["face_id"])

    def commit(self, names=None) -> None:
        name = {ANN: "Ann", BEN: "Ben", CID: "Cid"} | (names or {})
        for number, (identity_id, face_ids) in enumerate(sorted(self.faces.items()), start=1):
            self.records.append(person(identity_id, number, face_ids, name.get(identity_id)))
        self.records += self.sightings()
        Catalog(self.root).commit(TABLES, [outcome("*", *self.records)])

    def sightings(self) -> list[Sighting]:
        """A row for each track of a listed file; the first of a person in a file tells who else is seen there."""
        media = {row.media_id: row for row in self.records if isinstance(row, MediaItem)}
        listed = {row.path for row in self.records if isinstance(row, Source)}
        owners = {face_id: identity_id for identity_id, face_ids in self.faces.items() for face_id in face_ids}
        faces = [row for row in self.records if isinstance(row, Face) and media[row.media_id].path in listed]
        tracks = {(owners[row.face_id], row.media_id, row.track_id or row.face_id): row for row in faces}
        told, rows = set(), []
        for (identity_id, media_id, track), row in sorted(tracks.items()):
            begins = {}
            for (who, where, _), one in tracks.items():
                if where == media_id:
                    begins[who] = min(begins.get(who, one.seen_from_seconds), one.seen_from_seconds)
            is_first = (identity_id, media_id) not in told
            told.add((identity_id, media_id))
            rows.append(
                Sighting(
                    identity_id=identity_id, path=media[media_id].path, track_id=track, media_id=media_id,
                    kind=media[media_id].kind, face_id=row.face_id, face_count=1, is_confirmed=False, likeness=1,
                    seen_from_seconds=row.seen_from_seconds, seen_to_seconds=row.seen_to_seconds, is_first=is_first,
                    company=sorted(begins, key=lambda who: (begins[who], who)) if is_first else (),
                )
            )  # fmt: skip
        return rows

    def paths(self, text) -> list[str]:
        return [found.path for found in find(self.root, text)]


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Ann alone, Ann and Ben, all three, somebody without a name, an empty street."""
    archive = Archive(tmp_path_factory.mktemp("output"))
    people = {
        "1994/Ann.jpg": [ANN],
        "1994/both.jpg": [ANN, BEN],
        "1994/summer/all.jpg": [ANN, BEN, CID],
        "2001/nobody.jpg": [NOBODY],
        "2001/100% street_\\'x.jpg": [],
    }
    years = ["1994-07-01T10:00:00", "1994-12-31T23:59:59", "1999-01-01T00:00:00", None, "not a time"]
    noise = [0.02, 0.05, 0.08, None, 0.0]
    for (path, seen), taken, sigma in zip(people.items(), years, noise, strict=True):
        media_id = archive.media(path, taken=taken, noise=None if sigma is None else [sigma])
        for identity_id in seen:
            archive.seen(identity_id, media_id)
    archive.seen(ANN, archive.media("1994/gone.jpg", is_listed=False))
    archive.commit()
    return archive


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Both at once for a while; both one after the other; Ann at a photo."""
    archive = Archive(tmp_path_factory.mktemp("output"))
    party = archive.media("party.mp4", kind="film", noise=[0.02, 0.09])
    archive.seen(ANN, party, (3.2, 5.0), (5.5, 7.9), (20.0, 21.0), frames=3)
    archive.seen(BEN, party, (4.0, 6.0), (7.0, 9.0), (30.0, 30.0), frames=2)
    talk = archive.media("talk.mp4", kind="film")
    archive.seen(ANN, talk, (0.0, 1.0), (1.9, 3.0))
    archive.seen(BEN, talk, (1.2, 1.8))
    archive.seen(CID, talk, (3700.0, 3701.0))
    archive.seen(ANN, archive.media("ann.jpg"))
    archive.add_track_gate(party, "kept")
    archive.commit()
    return archive


STREET = "2001/100% street_\\'x.jpg"
ALL = ["1994/Ann.jpg", "1994/both.jpg", "1994/summer/all.jpg", STREET, "2001/nobody.jpg"]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("person:Ann", [0, 1, 2]),
        ("person:aNN", [0, 1, 2]),
        ("person:aaaaaa", [0, 1, 2]),
        ('person:"Person 4"', [4]),
        ("person:Cid|Ben", [1, 2]),
        ('person:"Ann & Ben"', [1, 2]),
        ('person:"Ann & Cid"|"Person 4"', [2, 4]),
        ('person:"Ann & Ben & Cid"', [2]),
        ("person:Ann person:Cid", [2]),
        ("person:Ann -person:Cid", [0, 1]),
        ("-person:Ann", [3, 4]),
        ('-person:"Ben & Cid"', [0, 1, 3, 4]),
        ("only:Ann", [0]),
        ('only:Ann|"Person 4"', [0, 4]),
        ('only:"Ann & Ben"', [1]),
        ("-only:Ann", [1, 2, 3, 4]),
        ("faces:>=2", [1, 2]),
        ("faces:0", [3]),
        ("faces:<2", [0, 3, 4]),
        ("faces:1..2", [0, 1, 4]),
        ("faces:=3", [2]),
        ("noise:>0.05", [2]),
        ("noise:>=0.05", [1, 2]),
        ("noise:..0.02", [0, 3]),
        ("-noise:>0.01", [3, 4]),
        ("blur:2 jpeg:1..3 downscale:<=2", [0, 1, 2, 3]),
        ("year:1994", [0, 1]),
        ("year:1990..1999", [0, 1, 2]),
        ("-year:1900..", [3, 4]),
        ("folder:1994", [0, 1, 2]),
        ("folder:./1994/summer/", [2]),
        ("-folder:1994/summer", [0, 1, 3, 4]),
        ("kind:photo", [0, 1, 2, 3, 4]),
        ("kind:film", []),
        ("ANN.JPG", [0]),
        ("both", [1]),
        ("-both -all", [0, 3, 4]),
        ("1994/ summer", [2]),
        ("person:Ann faces:>=2 noise:<0.06 year:1994 both", [1]),
    ],
)
def test_a_question_finds_what_is_known_to_be_there(photos, text, numbers):
    assert photos.paths(text) == [ALL[number] for number in numbers]


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ('person:"Ann & Ben"', ["party.mp4"]),
        ("person:Ann person:Ben", ["party.mp4", "talk.mp4"]),
        ("only:Ann", ["ann.jpg"]),
        ('only:"Ann & Ben"', ["party.mp4"]),
        ("faces:2", ["party.mp4"]),
        ("faces:1", ["ann.jpg", "talk.mp4"]),
        ("faces:>2", []),
        ("noise:>0.05", ["party.mp4"]),
        ("-noise:>0.05", ["ann.jpg", "talk.mp4"]),
        ("kind:film -person:Cid", ["party.mp4"]),
        ("kind:film|photo gate:kept|blended", ["party.mp4"]),
        ("gate:restored", []),
        ("gate:rejected", ["party.mp4"]),
        ("-gate:rejected", ["ann.jpg", "talk.mp4"]),
    ],
)
def test_in_a_film_together_is_at_overlapping_times(films, text, paths):
    assert films.paths(text) == paths


def test_a_film_says_when_those_who_are_asked_for_are_seen(films):
    photo, party, talk = find(films.root, "person:Ann")
    assert (photo.people, photo.times) == (("Ann",), {})
    assert party.people == ("Ann", "Ben")
    assert party.times == {"Ann": ((3.2, 7.9), (20.0, 21.0))}
    assert (talk.people, talk.times) == (("Ann", "Ben", "Cid"), {"Ann": ((0.0, 3.0),)})


def test_of_a_group_the_times_together_are_told_too(films):
    (party,) = find(films.root, 'person:"Ann & Ben"')
    assert list(party.times) == ["Ann", "Ben", "Ann & Ben"]
    assert party.times == {
        "Ann": ((3.2, 7.9), (20.0, 21.0)),
        "Ben": ((4.0, 6.0), (7.0, 9.0), (30.0, 30.0)),
        "Ann & Ben": ((4.0, 6.0), (7.0, 7.9)),
    }


def test_who_is_not_wanted_has_no_times(films):
    (talk,) = find(films.root, "kind:film person:Cid -only:Ann")
    assert talk.times == {"Cid": ((3700.0, 3701.0),)}


def test_the_limit_takes_the_first_by_path(photos):
    assert [found.path for found in find(photos.root, "", limit=2)] == ALL[:2]


def test_two_identities_of_one_name_are_both_meant(tmp_path):
    archive = Archive(tmp_path)
    film = archive.media("f.mp4", kind="film")
    archive.seen(ANN, film, (0.0, 2.0))
    archive.seen(BEN, film, (2.5, 4.0))
    archive.seen(CID, archive.media("c.jpg"))
    archive.commit({ANN: "Zoe\u0308 & Co", BEN: "Zo\u00eb & Co", CID: None})
    (found,) = find(tmp_path, 'person:"ZO\u00cb \\& co"')
    assert (found.path, list(found.times.values())) == ("f.mp4", [((0.0, 4.0),)])


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("person:Anm", 8, "there is no person 'Anm'; the nearest is 'Ann'"),
        ('kind:photo person:"Ann &  Bem"', 27, "there is no person 'Bem'; the nearest is 'Ben'"),
        ("only:qqqq", 6, "there is no person 'qqqq'; there are Ann, Ben, Cid, Person 4"),
        ("person:aaaaa", 8, "there is no person 'aaaaa'"),
        ("folder:1995", 8, "there is no folder '1995'; the nearest is '1994'"),
        ("-folder:199", 9, "there is no folder '199'"),
    ],
)
def test_a_name_that_nobody_has_is_shown_with_the_nearest(photos, text, column, words):
    with pytest.raises(QueryError) as caught:
        find(photos.root, text)
    message, shown, caret = str(caught.value).split("\n")
    assert message.startswith(f"column {column}: {words}")
    assert (shown, caret) == (f"  {text}", f"  {' ' * (column - 1)}^")


def test_an_id_that_begins_like_another_is_not_guessed(tmp_path):
    archive = Archive(tmp_path)
    for end in "01":
        archive.seen(f"{'a' * 8}{end}", archive.media(f"{end}.jpg"))
    archive.commit()
    with pytest.raises(QueryError, match="begins more than one id: Person 1 aaaaaaaa0, Person 2 aaaaaaaa1; write more"):
        find(tmp_path, "person:aaaaaaa")
    assert archive.paths("person:AAAAAAAA1") == ["1.jpg"]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("%", [3]),
        ("_", [3]),
        ("'x", [3]),
        ("100% -nobody", [3]),
        ('"100% street"', [3]),
        (r"_\'x", [3]),
        (r'"_\\\'x"', [3]),
        ("'); DROP VIEW media;", []),
        ("' or 1=1", []),
        ("?", []),
        ("$1 {0} :x", []),
    ],
)
def test_words_are_literal_whatever_they_would_be_in_sql(photos, text, numbers):
    assert photos.paths(text) == [ALL[number] for number in numbers]


def test_a_name_is_literal_whatever_it_would_be_in_sql(tmp_path):
    archive = Archive(tmp_path)
    name = "Bobby'); DROP TABLE media; -- %_?"
    archive.seen(ANN, archive.media("a.jpg"))
    archive.commit({ANN: name})
    (found,) = find(tmp_path, f'person:"{name}"')
    assert found.people == (name,)


def answer(archive, text) -> list[str] | str:
    try:
        return archive.paths(text)
    except QueryError as error:
        return str(error)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    terms=st.lists(
        st.builds(
            "{}{}{}".format,
            st.sampled_from(["", "-"]),
            st.sampled_from(["", "person:", "only:", "folder:", "faces:", "jpeg:", "year:", "kind:", "gate:"]),
            st.sampled_from(['"Ann & Ben"', "Ann|Ben", "1994", "1..3", ">2", "film", "kept"]) | st.text(max_size=6),
        ),
        max_size=4,
    )
)
@example(terms=["\x00", "\ud800"])
def test_any_text_is_answered_or_refused(photos, terms):
    told = answer(photos, " ".join(terms))
    assert told.startswith("column ") if isinstance(told, str) else set(told) <= set(ALL)


def test_an_archive_without_people_says_so(tmp_path):
    archive = Archive(tmp_path)
    archive.media("a.jpg")
    archive.commit()
    with pytest.raises(QueryError, match="no person 'Ann'; there are none yet"):
        find(tmp_path, "person:Ann")


def test_a_folder_without_a_catalog_is_named(tmp_path):
    with pytest.raises(CatalogError, match="no catalog in"):
        find(tmp_path, "")


@pytest.fixture(scope="module")
def alike(tmp_path_factory):
    """Ann twice, somebody not like her, and three pictures of which two have like damage."""
    archive = Archive(tmp_path_factory.mktemp("output"))
    vectors = {"ann.jpg": (1.0, 0.0), "ann later.jpg": (0.8, 0.6), "other.jpg": (0.0, 1.0), "street.jpg": None}
    for number, (path, vector) in enumerate(vectors.items()):
        media_id = archive.media(path, noise=[0.1])
        damage = {"signature": (1.0, 0.1) if number % 2 else (0.0, 1.0), "code": (1.0,)}
        archive.records[-1] = archive.records[-1].model_copy(update=damage)
        if vector:
            archive.seen((ANN, ANN, BEN)[number], media_id)
            archive.records[-1] = archive.records[-1].model_copy(update={"embedding": vector})
    archive.commit()
    return archive


def test_faces_like_those_of_a_file_come_most_alike_first_without_the_file(alike):
    found = find(alike.root, "similar:ann.jpg")
    assert [(one.path, round(one.likeness, 3)) for one in found] == [("ann later.jpg", 0.8)]
    assert [one.path for one in find(alike.root, '"similar:ann later.jpg"')] == []
    assert [one.path for one in find(alike.root, 'similar:"ann later.jpg"')] == ["ann.jpg", "other.jpg"]
    assert [one.path for one in find(alike.root, 'similar:"ann later.jpg" person:Ben')] == ["other.jpg"]


def test_damage_like_that_of_a_file_is_found(alike):
    assert [one.path for one in find(alike.root, "similar:damage:ann.jpg")] == ["other.jpg"]


def test_a_file_outside_of_the_archive_is_read_by_who_asks(alike, tmp_path):
    outside = tmp_path / "new.jpg"
    outside.write_bytes(b"a picture")
    read = {outside: FacesRead("made@0", [(0.6, 0.8)])}
    found = find(alike.root, f"similar:{outside}", read_faces=read.__getitem__)
    assert [one.path for one in found] == ["ann later.jpg", "other.jpg", "ann.jpg"]
    other_network = {outside: FacesRead("other@1", [(0.6, 0.8)])}
    assert find(alike.root, f"similar:{outside}", read_faces=other_network.__getitem__) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("similar:an.jpg", "there is no file 'an.jpg' in the archive or on this machine; the nearest is 'ann.jpg'"),
        ("similar:street.jpg", "'street.jpg' shows no face to compare with"),
        ("similar:", "similar: names no file"),
        ("similar:ann.jpg similar:other.jpg", "similar: stands once"),
        ("-similar:ann.jpg", "similar: stands once, and without a minus"),
    ],
)
def test_what_nothing_can_be_like_is_told(alike, text, words):
    with pytest.raises(QueryError, match=words):
        find(alike.root, text)
