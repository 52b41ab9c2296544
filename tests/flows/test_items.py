"""What is new is told from the listing's table as it is from a record for each file."""

import pyarrow as pa
import pytest
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import Source
from pydantic import BaseModel

from f2s_ray.flows import items
from f2s_ray.flows.items import new_sources
from f2s_ray.flows.step import MapStep
from tests.catalog.made import failed, outcome


class Chosen(BaseModel):
    megapixels: float = 80.0
    words: str = "ä %s {}"


PATHS = ("a.jpg", "b %s.jpg", 'c "quoted"\n.jpg', "d ü 写.jpg", "e.jpg", "f.jpg")


@pytest.fixture
def catalog(tmp_path):
    catalog = Catalog(tmp_path)
    rows = [
        Source(
            path=path,
            byte_count=10**number,
            modified_ns=-number,
            etag=path[:number],
            trouble=None if number else "link: no",
        )
        for number, path in enumerate(PATHS)
    ]
    catalog.commit((Source,), [outcome("*", *rows, step="list")])
    return catalog


def step(**chosen):
    return MapStep("probe", lambda _: iter, Chosen(**chosen), items.sources, (Source,), Source)


def pending(catalog, step):
    found = list(step.inputs(catalog, PATHS))
    asked = {
        "item_id": [item.item_id for item in found],
        "fingerprint": [step.fingerprint(item) for item in found],
        "is_gone": [False] * len(found),
    }
    return set(catalog.pending("probe", pa.table(asked)))


def test_what_is_new_or_failed_is_told_and_nothing_else(catalog):
    prints = {item.item_id: step().fingerprint(item) for item in step().inputs(catalog, PATHS)}
    assert len(set(prints.values())) == len(PATHS)
    tried = [outcome(path, fingerprint=prints[path]) for path in PATHS[:3]]
    tried += [failed(PATHS[3], fingerprint=prints[PATHS[3]]), outcome(PATHS[4], fingerprint="as it was")]
    catalog.commit((), tried)
    assert pending(catalog, step()) == {PATHS[4], PATHS[5]}
    assert new_sources(catalog, "probe", Chosen()) == {PATHS[n]: float(10**n) for n in (3, 4, 5)}
    assert pending(catalog, step(megapixels=9.5)) == set(PATHS)
    assert set(new_sources(catalog, "probe", Chosen(megapixels=9.5))) == set(PATHS)
