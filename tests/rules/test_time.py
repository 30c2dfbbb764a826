"""Time, chance, ids and the environment are arguments."""

from tests.rules.source import calls, imports, modules

MAY = {"clock.py", "settings.py", "app.py", "cli.py"}
WALL_CLOCK = {"time.time", "time.time_ns", "time.monotonic", "datetime.now", "datetime.utcnow", "datetime.today"}
CHANCE = {"random.random", "random.choice", "random.SystemRandom", "uuid.uuid4", "uuid.uuid1", "secrets.token_hex"}
ENVIRONMENT = {"os.environ", "os.getenv"}


def test_only_the_clock_and_the_edges_read_the_wall_clock_chance_or_the_environment():
    banned = WALL_CLOCK | CHANCE | ENVIRONMENT
    found = {name: sorted(calls(tree) & banned) for name, tree in modules().items() if name not in MAY}
    assert {name: uses for name, uses in found.items() if uses} == {}


def test_nobody_imports_the_clock_by_its_bare_names():
    bare = {"time.time", "time.monotonic", "random.random", "uuid.uuid4", "os.environ", "os.getenv"}
    found = {name: sorted(imports(tree) & bare) for name, tree in modules().items() if name not in MAY}
    assert {name: uses for name, uses in found.items() if uses} == {}
