"""A person to nothing, and the identities of the others settled again."""

from f2s_catalog.erase import act, certify, finish_all
from f2s_catalog.erase_journal import Erasing
from f2s_catalog.erase_plan import begun
from f2s_catalog.ledger import Catalog
from f2s_catalog.place import Place

from f2s_ray.flows.people import People

__all__ = ["erase_person", "finish_erasures"]


def erase_person(output: Place, identity_id: str, by: str) -> Erasing:
    """Erase somebody from everything below OUTPUT and prove it; ``f2s restore`` then renews the results that went.

    Raises:
        QueryError: there was never such a person.
        CatalogError: another run is writing, a file cannot be changed, or something was left, which the message names.
    """
    with Catalog(output).writing():
        people = People(output, by)
        people.settle()  # who was split off just now is somebody else already
        erasing, journal = begun(output, identity_id, by)
        act(output, erasing)
        people.settle()
        certify(output, erasing, journal)
    return erasing


def finish_erasures(output: Place, by: str) -> list[Erasing]:
    """Finish what was cut off; none where nothing was.

    Raises:
        CatalogError: as ``erase_person`` says.
    """
    catalog = Catalog(output)
    with catalog.writing(finish=False):
        finished = finish_all(output)
        if finished:
            People(output, by).settle()
    return finished
