"""Files by key on S3 or in a directory, behind one small interface, and publications that appear all at once."""

from common.storage.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidKeyError,
    ObjectNotFoundError,
    StorageError,
    StorageUnavailableError,
)
from common.storage.interface import Body, Stat, Store
from common.storage.manifest import Manifest, PublishedFile
from common.storage.opening import open_store
from common.storage.publication import (
    latest_publication,
    list_publications,
    new_run_id,
    publish,
    rollback,
    was_removed,
)
from common.storage.ranges import open_ranges
from common.storage.retention import prune

__all__ = [
    "AccessDeniedError",
    "Body",
    "ConflictError",
    "InvalidKeyError",
    "Manifest",
    "ObjectNotFoundError",
    "PublishedFile",
    "Stat",
    "StorageError",
    "StorageUnavailableError",
    "Store",
    "latest_publication",
    "list_publications",
    "new_run_id",
    "open_ranges",
    "open_store",
    "prune",
    "publish",
    "rollback",
    "was_removed",
]
