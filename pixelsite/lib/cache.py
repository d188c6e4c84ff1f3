"""A database cache whose counters are exact, for installs without Redis.

Django's DatabaseCache reads, adds and writes a counter in three steps: two processes counting at once lose a count.
Here the steps hold the write lock (SQLite begins immediate transactions) or the row lock (PostgreSQL).
"""

from __future__ import annotations

import base64
import pickle  # Django's database cache stores pickles; only integers we wrote ourselves are read here

from django.core.cache.backends.db import DatabaseCache
from django.db import connections, router, transaction


class CountingDatabaseCache(DatabaseCache):
    """DatabaseCache with an atomic `incr` that keeps the row's expiry."""

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        alias = router.db_for_write(self.cache_model_class)
        connection = connections[alias]
        table = connection.ops.quote_name(self._table)  # type: ignore[attr-defined]  # set by BaseDatabaseCache
        row = self.make_and_validate_key(key, version=version)
        lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
        with transaction.atomic(using=alias), connection.cursor() as cursor:
            # The table's name is ours, the key is a parameter.
            cursor.execute(f"SELECT 1 FROM {table} WHERE cache_key = %s{lock}", [row])  # noqa: S608
            value = self.get(key, version=version)
            if value is None:
                raise ValueError(f"Key {key!r} not found")
            total = int(value) + delta
            stored = base64.b64encode(pickle.dumps(total, self.pickle_protocol)).decode("latin1")
            cursor.execute(f"UPDATE {table} SET value = %s WHERE cache_key = %s", [stored, row])  # noqa: S608
        return total
