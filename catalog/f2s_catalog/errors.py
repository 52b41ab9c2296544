"""What can go wrong with a catalog, by who can mend it; each message is one line with the way out."""

__all__ = ["BusyError", "CatalogError", "MissingError", "QueryError", "RewrittenError"]


class CatalogError(Exception):
    """The catalog cannot be read or written: a damaged file, a full disk, no right, another writer."""


class BusyError(CatalogError):
    """Another process is writing and does not wait for anybody; later it will have ended."""


class RewrittenError(CatalogError):
    """A fragment went while it was read, since it was merged or somebody is being erased; who asks again reads what is there now."""


class MissingError(RewrittenError):
    """A fragment is not there that others tell of; who asks again, and hears this again, has lost it."""


class QueryError(Exception):
    """A question that the catalog cannot answer: a wrong table, column or statement."""
