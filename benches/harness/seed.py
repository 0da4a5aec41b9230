"""Many rows from one: what Otto itself has written is copied, so that seeds follow the schema by themselves."""

BATCH = 250_000


def multiply(postgres, database, table, where, count, changes):
    """Copies the rows that `where` finds, `count` times each. In `changes`, which are assignments, `seed_i` counts from 1."""
    for first in range(1, count + 1, BATCH):
        last = min(count, first + BATCH - 1)
        postgres.sql(database, f"""
            SET synchronous_commit = off;
            CREATE TEMP TABLE seed AS
                SELECT t.*, g.i AS seed_i FROM {table} t CROSS JOIN generate_series({first}, {last}) AS g (i) WHERE {where};
            UPDATE seed SET {changes};
            ALTER TABLE seed DROP COLUMN seed_i;
            INSERT INTO {table} SELECT * FROM seed;""")


def uuid(sort, number):
    """An id that follows from a number, another for each sort of thing."""
    return f"('{sort}0000000-0000-7000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid"


class WithoutIndexes:
    """Takes a table's plain indexes away while it is filled, and makes them again. What is unique stays."""

    def __init__(self, postgres, database, table):
        self.postgres, self.database = postgres, database
        self.made = postgres.sql(
            database, f"SELECT pg_get_indexdef(indexrelid) || ';' FROM pg_index "
                      f"WHERE indrelid = '{table}'::regclass AND NOT indisunique").splitlines()
        self.names = postgres.sql(
            database, f"SELECT indexrelid::regclass FROM pg_index WHERE indrelid = '{table}'::regclass "
                      "AND NOT indisunique").splitlines()

    def __enter__(self):
        self.postgres.sql(self.database, "".join(f"DROP INDEX {name};" for name in self.names))

    def __exit__(self, *_):
        self.postgres.sql(self.database, "SET maintenance_work_mem = '256MB';" + "\n".join(self.made))
