"""Plain biometric fragments to encrypted ones, with the user's key."""

from f2s_catalog.cipher import KEY_FILE, is_sealed, key, read_fragment
from f2s_catalog.compact import sweep
from f2s_catalog.erase import rewrite
from f2s_catalog.errors import CatalogError
from f2s_catalog.ledger import Catalog
from f2s_catalog.locks import committing
from f2s_catalog.place import Place
from f2s_catalog.records import TABLES
from f2s_catalog.store import fragments

__all__ = ["lock_away"]


def lock_away(root: Place) -> int:
    """Encrypt what lies plain; returns how many files that were. The same again finds nothing to do.

    Raises:
        CatalogError: no key is named, another run is writing, or a file cannot be read or written.
    """
    if key() is None:
        raise CatalogError(f"there is no key; write one (openssl rand -hex 32) and set {KEY_FILE} to its file")
    count = 0
    with Catalog(root).writing(), committing(root):
        sweep(root)
        for record_type in (kind for kind in TABLES if kind.BIOMETRIC):
            for path in fragments(root, record_type):
                if not is_sealed(path):
                    rewrite(root, record_type, path, read_fragment(path, record_type))
                    count += 1
    return count
