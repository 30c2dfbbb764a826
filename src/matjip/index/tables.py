"""The tables of the embedded index, one set a collection, and what is asked of them."""

# ruff: noqa: S608 - what is put into a statement here is a collection's number, never a value from outside

__all__ = ["BEGUN", "OPENED", "REGISTER", "Statements"]

REGISTER = """
CREATE TABLE IF NOT EXISTS collections (
    number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, format INTEGER NOT NULL, dimensions INTEGER NOT NULL,
    position INTEGER NOT NULL DEFAULT 0, change INTEGER NOT NULL DEFAULT 0, generation INTEGER NOT NULL DEFAULT 0,
    published INTEGER NOT NULL
)
"""
OPENED = "SELECT number FROM collections WHERE name = ? AND format = ? AND dimensions = ? AND published"
BEGUN = "SELECT number FROM collections WHERE name = ? AND NOT published"
COLUMNS = "rating, language, source, created_at, has_image, said"


class Statements:
    """What is asked of one collection's tables."""

    def __init__(self, number: int) -> None:
        points, centroids = f"points_{number}", f"centroids_{number}"
        self.create = (
            f"""
            CREATE TABLE {points} (
                point INTEGER PRIMARY KEY, tenant TEXT NOT NULL, restaurant_id TEXT NOT NULL, review_id TEXT NOT NULL,
                vector BLOB, tokens BLOB, rating REAL, language TEXT, source TEXT, created_at INTEGER, has_image INTEGER,
                said BLOB, change INTEGER NOT NULL, UNIQUE (tenant, restaurant_id, review_id)
            )
            """,
            f"CREATE INDEX {points}_by_change ON {points} (tenant, change)",
            f"""
            CREATE TABLE {centroids} (
                tenant TEXT NOT NULL, restaurant_id TEXT NOT NULL, sum BLOB NOT NULL, count INTEGER NOT NULL,
                PRIMARY KEY (tenant, restaurant_id)
            ) WITHOUT ROWID
            """,
        )
        self.drop = (f"DROP TABLE IF EXISTS {points}", f"DROP TABLE IF EXISTS {centroids}")
        selected = f"SELECT point, restaurant_id, review_id, vector, tokens, {COLUMNS} FROM {points} WHERE tenant = ?"
        self.living = f"{selected} AND vector IS NOT NULL ORDER BY point"
        self.changed = f"{selected} AND change > ? LIMIT ?"
        self.last_change = f"SELECT coalesce(max(change), 0) FROM {points} WHERE tenant = ?"
        self.vector = f"SELECT vector FROM {points} WHERE tenant = ? AND restaurant_id = ? AND review_id = ?"
        self.upsert = f"""
            INSERT INTO {points} (tenant, restaurant_id, review_id, vector, tokens, {COLUMNS}, change)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (tenant, restaurant_id, review_id) DO UPDATE SET vector = excluded.vector,
                tokens = excluded.tokens, rating = excluded.rating, language = excluded.language,
                source = excluded.source, created_at = excluded.created_at, has_image = excluded.has_image,
                said = excluded.said, change = excluded.change
            """
        self.remove = f"""
            UPDATE {points} SET vector = NULL, tokens = NULL, rating = NULL, language = NULL, source = NULL,
                created_at = NULL, has_image = NULL, said = NULL, change = ?
            WHERE tenant = ? AND restaurant_id = ? AND review_id = ?
            """
        self.sum = f"SELECT sum, count FROM {centroids} WHERE tenant = ? AND restaurant_id = ?"
        self.put_sum = f"INSERT OR REPLACE INTO {centroids} VALUES (?, ?, ?, ?)"
        self.drop_empty_sums = f"DELETE FROM {centroids} WHERE count = 0"
        self.state = f"SELECT position, change, generation FROM collections WHERE number = {number}"
        self.move = f"UPDATE collections SET position = ?, change = ? WHERE number = {number}"
        self.touch = f"UPDATE collections SET change = ? WHERE number = {number}"
        self.forget = f"DELETE FROM collections WHERE number = {number}"
