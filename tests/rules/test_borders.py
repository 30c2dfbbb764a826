"""Foreign libraries stop at their adapters, and settings at the composition root."""

import pytest

from tests.rules.source import imports, modules

BORDERS = {
    "sqlite3": {"index/exact.py", "database.py", "sqlite_driver.py", "reviews/sql.py", "backup/"},
    "qdrant_client": {"index/qdrant.py"},
    "qdrant_edge": {"index/edge_worker.py"},
    "sqlalchemy": {
        "database.py",
        "reviews/sql.py",
        "analysis/alerts.py",
        "analysis/results.py",
        "analysis/counters.py",
        "analysis/feedback.py",
        "analysis/reads.py",
        "evaluation/versions.py",
        "migrations/",
    },
    "alembic": {"database.py", "migrations/"},
    "aiohttp": {
        "inference/remote_embedder.py",
        "inference/remote_images.py",
        "inference/openai.py",
        "inference/served.py",
        "inference/remote.py",
        "inference/fake_server.py",
        "inference/tokenizer_server.py",
    },
    "asyncpg": {"database.py"},
    "tokenizers": {"inference/tokenizer_file.py"},
    "redis": {"inference/redis_answers.py"},
    "pyarrow": {"reviews/rows.py", "reviews/sheet.py"},
    "prometheus_client": {"telemetry/metrics.py", "inference/engine_metrics.py"},
    "structlog": {"telemetry/"},
    "fastapi": {"api/"},
    "starlette": {"api/"},
    "uvicorn": {"app.py", "cli.py", "api/server.py"},
    "typer": {"cli.py"},
    "jinja2": {"console/"},
    "matjip.settings": {"app.py", "cli.py"},
    "matjip.app": {"cli.py"},
}


@pytest.mark.parametrize("library", BORDERS)
def test_a_foreign_library_is_imported_in_its_adapters_alone(library):
    def uses(tree):
        return any(name == library or name.startswith(library + ".") for name in imports(tree))

    def allowed(name):
        return any(name == place or (place.endswith("/") and name.startswith(place)) for place in BORDERS[library])

    assert [name for name, tree in modules().items() if uses(tree) and not allowed(name)] == []
