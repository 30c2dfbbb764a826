"""The whole program, put together: the only file that knows every class. What wraps what is read here."""

import asyncio
import gc
import os
import signal
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

import uvicorn
from threadpoolctl import threadpool_limits

from matjip import __version__
from matjip.analysis.alerts import Alerts, SqlAlerts
from matjip.analysis.alike import Alike
from matjip.analysis.analyses import Analyses
from matjip.analysis.changes import ChangeFeed
from matjip.analysis.counters import SqlCounters
from matjip.analysis.desk import Desk
from matjip.analysis.evidence import Mask
from matjip.analysis.feedback import SqlFeedback
from matjip.analysis.profiles import GroupProfiles
from matjip.analysis.projection import ImageProjector, ProjectionSettings, Projector
from matjip.analysis.reads import ReadCounter, SqlReads
from matjip.analysis.refresher import News, Refresher
from matjip.analysis.results import SqlResults
from matjip.analysis.search import Indexed, Search
from matjip.api.health import (
    Check,
    database_check,
    disk_check,
    embedder_check,
    examine,
    images_check,
    index_check,
    lifecycle_check,
    memory_check,
    models_check,
    vllm_check,
)
from matjip.api.server import ApiSettings, create_app, server_config
from matjip.api.server import Role as Serves
from matjip.api.service import ApiService, EdgeService, InferenceService
from matjip.caller import Caller
from matjip.clock import Clock, Ids, SystemClock, new_dice, new_id
from matjip.database import Database, open_database
from matjip.errors import Fault, Misconfigured, Unavailable
from matjip.evaluation.gate import Gate
from matjip.evaluation.judges import Judges
from matjip.evaluation.versions import SqlVersions
from matjip.index.index import Index, PointKey
from matjip.index.open import embedded_index, open_index
from matjip.inference.answers_open import open_answers
from matjip.inference.answers_store import AnswersStore
from matjip.inference.asked import Asked
from matjip.inference.asking import ENGINE, AskingJudge
from matjip.inference.cached import CachedJudge
from matjip.inference.calibration import Calibration
from matjip.inference.embedder import Embedder, EmbedderOf
from matjip.inference.embedders import Role, open_embedders
from matjip.inference.engine_watch import EngineWatch
from matjip.inference.guarded import Guarded
from matjip.inference.images import open_images
from matjip.inference.judge import Judge
from matjip.inference.lite.duplicates import near_duplicates
from matjip.inference.lite.judge import LiteJudge
from matjip.inference.lite.language import language_of
from matjip.inference.lite.mask import mask
from matjip.inference.model import Model, Work
from matjip.inference.open import open_model, open_remote
from matjip.inference.remembered import Asking, RememberedJudge, prefix_of
from matjip.inference.remembered_embedder import RememberedEmbedders
from matjip.inference.retried import Retried
from matjip.inference.scheduled import Scheduled, believed
from matjip.inference.tokens import counting
from matjip.lifecycle import Lifecycle
from matjip.reviews.event import PersonErased
from matjip.reviews.sql import SqlReviews
from matjip.reviews.store import Erasure
from matjip.settings import Settings
from matjip.telemetry.hooks import measured
from matjip.telemetry.lag import watch_loop
from matjip.telemetry.logs import logger
from matjip.telemetry.metrics import Metrics
from matjip.telemetry.record import Hook

if TYPE_CHECKING:  # whose package need not be installed
    from matjip.inference.openai import OpenAIModel
    from matjip.inference.served import ServedModel

__all__ = [
    "Inference",
    "Service",
    "erasure_key",
    "listen",
    "masking",
    "open_inference",
    "open_service",
    "prepare_folder",
    "serve",
    "serve_inference",
]

ERASURE_KEY_BYTES = 32
DICE_BYTES = 8
BACKLOG = 2_048  # connections that wait to be accepted, as uvicorn's own default
MIN_FREE_DISK_BYTES = 200_000_000  # room for a day of reviews and a rewritten database of the size of the sample's
# The built-in models multiply small matrices: a second thread only waits on the first, and doubles the CPU time of a review.
BLAS_THREADS = 1
# An analysis makes thousands of small objects that live as long as their result: looking for rings among them at every 700, as
# Python does, takes a tenth of its time.
GARBAGE_AFTER_OBJECTS = 10_000
SELF_CHECK_S = 10.0  # at the start, where nobody waits yet and files are cold
MIN_FREE_MEMORY_BYTES = 200_000_000  # about what the process itself takes


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Everything that commands and routes may call."""

    settings: Settings
    clock: Clock
    new_id: Ids
    database: Database
    reviews: SqlReviews
    judge: CachedJudge
    index: Index
    counters: SqlCounters
    projector: Projector
    images: Indexed | None  # where an image embedder is configured
    vectors: AnswersStore | None  # where texts' vectors are remembered, where they are
    model: Retried | None  # where model servers are configured
    line: Scheduled | None  # in which its calls wait for their turn
    watch: EngineWatch | None  # who tells the line what the engines hold
    asked: Asked | None  # whoever asks it, where it is
    analyses: Analyses
    search: Search
    feedback: Desk
    alerts: Alerts
    changes: ChangeFeed
    gate: Gate
    refresher: Refresher
    lifecycle: Lifecycle
    checks: Sequence[Check]
    metrics: Metrics
    hooks: Sequence[Hook]

    async def erase(self, tenant: str, author_id: str, caller: Caller) -> Erasure:
        """Erase a person from the record, from the results that may quote them, from the indexes and from the files.

        Raises Misconfigured, and erases nothing, where an image index is kept that these settings do not reach.
        """
        if not self.images and (kept := embedded_index(self.settings.data_dir, "images")):
            fault = Fault(
                where="images.url",
                wrong=f"is not set, while {kept} may hold what this person wrote",
                right="the image embedding server, or that index deleted: it can be built again",
            )
            raise Misconfigured(str(fault), faults=(fault,))
        erasure = await self.reviews.erase(tenant, author_id, caller)
        if erasure.position is not None:
            keys = await self._keys_of(erasure.position)
            await self.analyses.forget(tenant, {restaurant_id for restaurant_id, _ in keys})
            await self.feedback.forget(tenant, keys)
            await self.projector.forget(tenant, keys)  # from the collections of former embedders too
            if self.images:
                await self.images.projector.forget(tenant, keys)
            self.judge.clear()  # its answers hold words of their texts
            if self.asked:
                await self.asked.forget(tenant)
            if self.vectors:
                await self.vectors.forget(prefix_of(tenant))
            with suppress(Unavailable):  # others' reviews may wait for whoever embeds; the person's are gone already
                await self.projector.catch_up()
            await self.database.purge("results", "feedback")
        return erasure

    def wake(self) -> None:
        """Tell whoever follows the log that something was written."""
        self.projector.wake()
        if self.images:
            self.images.projector.wake()

    async def _keys_of(self, position: int) -> list[PointKey]:
        async for batch in self.reviews.events(after=position - 1, until=position):
            for event in batch:
                if isinstance(event.change, PersonErased):
                    return list(event.change.reviews)
        return []


@asynccontextmanager
async def open_service(
    settings: Settings, *, clock: Clock | None = None, ids: Ids = new_id, rebuild: bool = False
) -> AsyncIterator[Service]:
    """Build the service and close it at the end. `rebuild` accepts an index of another embedder, to be made again."""
    clock = clock or SystemClock()
    threadpool_limits(BLAS_THREADS, user_api="blas")
    gc.set_threshold(GARBAGE_AFTER_OBJECTS)
    prepare_folder(settings.data_dir)
    metrics = Metrics(__version__)
    hooks = (measured(metrics),)
    async with AsyncExitStack() as stack:
        database = open_database(settings.database, data_dir=settings.data_dir)
        stack.push_async_callback(database.close)
        await database.migrate()
        reviews = SqlReviews(database, clock, erasure_key=erasure_key(settings), hooks=hooks)
        lite = LiteJudge.load()
        judge = CachedJudge(lite)  # an unchanged review is judged once a process
        versions = SqlVersions(database)
        judges = Judges(judge, versions, clock=clock, hooks=hooks)  # what tenants adapted, around what is remembered
        stack.push_async_callback(judges.close)
        texts = await _texts(settings, stack, clock=clock, hooks=hooks)
        index = await open_index(
            settings.index,
            folder=settings.data_dir,
            embedder=f"{texts.documents.name}+{lite.name}",  # what reviews say is in there too
            dimensions=texts.documents.dimensions,
            min_similarity=settings.embedder.min_similarity,
            missing="add" if rebuild else "refuse",
        )
        stack.push_async_callback(index.close)
        counters = SqlCounters(database, lite.name)
        projector = Projector(
            reviews,
            index,
            texts.documents,
            judge=lite,  # past the cache, which a long import would only wear out
            counters=counters,
            language_of=language_of,
            clock=clock,
            embedder_of=texts.documents_of,
            hooks=hooks,
            settings=texts.steps,
        )
        images = await _images(settings, stack, reviews, lite, clock=clock, hooks=hooks, rebuild=rebuild)
        model = await _model(settings, stack, clock=clock, ids=ids, hooks=hooks)
        asked = await _cascades(settings, stack, judges, model.asked, clock=clock, hooks=hooks) if model else None
        results, feedback, reads = SqlResults(database), SqlFeedback(database), SqlReads(database)
        noticed = SqlAlerts(database)
        alerts = Alerts(noticed, clock=clock, hooks=hooks)
        news, counter = News(clock), ReadCounter(reads, clock=clock)
        analyses = Analyses(
            reviews,
            judge,
            results,
            GroupProfiles(reviews, counters, projector.catch_up_if_near),
            Alike(index.centroid),
            clock=clock,
            new_id=ids,
            language_of=language_of,
            mask=masking(settings),
            near_duplicates=near_duplicates,
            quality=lite.quality,
            feedback=feedback,
            judge_of=asked.of if asked else lambda work: judges.of(work.tenant),
            writer_of=asked.writer if asked and settings.asking.wording == "model" else None,
            hooks=(*hooks, news.hear, counter.hear),
            watch=alerts.look,
            settings=settings.analysis,
        )
        lifecycle = _lifecycle()
        yield Service(
            settings=settings,
            clock=clock,
            new_id=ids,
            database=database,
            reviews=reviews,
            judge=judge,
            index=index,
            counters=counters,
            projector=projector,
            images=images,
            vectors=texts.store,
            model=model.asked if model else None,
            line=model.line if model else None,
            watch=model.watch if model else None,
            asked=asked,
            analyses=analyses,
            search=Search(
                reviews,
                index,
                texts.queries,
                judge,
                projector,
                embedder_of=texts.queries_of,
                images=images,
                language_of=language_of,
                clock=clock,
                hooks=hooks,
            ),
            feedback=Desk(feedback, reviews, results, clock=clock, language_of=language_of),
            alerts=alerts,
            changes=ChangeFeed(reviews, results, noticed, clock=clock),
            gate=Gate(versions, judges, reviews, golden=_golden, clock=clock),
            refresher=Refresher(
                reviews,
                analyses,
                judge,
                reads,
                news=news,
                counter=counter,
                clock=clock,
                new_id=ids,
                hooks=hooks,
                settings=settings.freshness,
            ),
            lifecycle=lifecycle,
            checks=(
                lifecycle_check(lifecycle),
                database_check(reviews, clock),
                index_check(reviews, index),
                models_check(lite),  # past the cache: the weights are asked
                embedder_check(texts.queries, is_needed=not settings.embedder.urls),  # else words are searched
                *([images_check(reviews, images.index, images.embedder)] if images else []),
                *([model.check] if model else []),
                memory_check(min_free_bytes=MIN_FREE_MEMORY_BYTES),
                disk_check(settings.data_dir, min_free_bytes=MIN_FREE_DISK_BYTES),
            ),
            metrics=metrics,
            hooks=hooks,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Inference:
    """What the role `inference` serves: the one line before its engines. No record, no index, no built-in model."""

    settings: Settings
    clock: Clock
    new_id: Ids
    model: Guarded
    line: Scheduled
    watch: EngineWatch
    lifecycle: Lifecycle
    checks: Sequence[Check]
    metrics: Metrics
    hooks: Sequence[Hook]


@asynccontextmanager
async def open_inference(
    settings: Settings, *, clock: Clock | None = None, ids: Ids = new_id
) -> AsyncIterator[Inference]:
    """Build what the role `inference` serves and close it at the end. Raises Misconfigured where it has no engines."""
    if not settings.model.urls:
        fault = Fault(where="model.urls", wrong="names no server", right="those that the role inference owns")
        raise Misconfigured(str(fault), faults=(fault,))
    clock = clock or SystemClock()
    metrics = Metrics(__version__)
    hooks = (measured(metrics),)
    async with AsyncExitStack() as stack:
        lined = await _line(settings, stack, clock=clock, ids=ids, hooks=hooks)
        guarded = Guarded(lined.line, settings.model.breaker, clock=clock, hooks=hooks)
        lifecycle = _lifecycle()
        yield Inference(
            settings=settings,
            clock=clock,
            new_id=ids,
            model=guarded,  # gateways repeat
            line=lined.line,
            watch=lined.watch,
            lifecycle=lifecycle,
            checks=(
                lifecycle_check(lifecycle),
                vllm_check(lined.servers.probe, guarded.status, is_needed=True),
                memory_check(min_free_bytes=MIN_FREE_MEMORY_BYTES),
            ),
            metrics=metrics,
            hooks=hooks,
        )


def _lifecycle() -> Lifecycle:
    return Lifecycle(lambda before, to: logger("matjip").info("lifecycle", before=before, state=to))


async def _golden(judge: Judge) -> str | None:
    """What a judge gets wrong of what everybody understands; None: nothing."""
    finding = await models_check(judge).probe()
    return finding.output if finding.status == "fail" else None


class _Texts(NamedTuple):
    """Who embeds what is stored and what is asked, bare and for each tenant, and how much of it at a time."""

    documents: Embedder
    queries: Embedder
    documents_of: EmbedderOf
    queries_of: EmbedderOf
    store: AnswersStore | None  # of remembered vectors
    steps: ProjectionSettings


async def _texts(settings: Settings, stack: AsyncExitStack, *, clock: Clock, hooks: Sequence[Hook]) -> _Texts:
    """The embedder. A server's vectors are remembered; the built-in one's cost less than the rest of what is done with a text."""
    about = settings.embedder
    documents, queries = await stack.enter_async_context(open_embedders(about, clock=clock, hooks=hooks))
    if not about.urls:
        return _Texts(documents, queries, lambda _: documents, lambda _: queries, None, settings.projection)
    store = await stack.enter_async_context(open_answers(settings.answers, clock, memory_mb=about.memory_mb))

    def remembered(embedder: Embedder, role: Role) -> EmbedderOf:
        made_by, ttl_s = about.made_by(role), settings.answers.ttl_s
        return RememberedEmbedders(embedder, store, made_by=made_by, clock=clock, ttl_s=ttl_s, hooks=hooks).of

    return _Texts(
        documents,
        queries,
        remembered(documents, "document"),
        remembered(queries, "query"),
        store,
        settings.projection.waiting_for(about.texts_a_round, about.query_timeout_s),
    )


class _Model(NamedTuple):
    """The model as it is asked, who says how its servers are, and the line before them where this process owns it."""

    asked: Retried
    check: Check
    line: Scheduled | None
    watch: EngineWatch | None


async def _model(
    settings: Settings, stack: AsyncExitStack, *, clock: Clock, ids: Ids, hooks: Sequence[Hook]
) -> _Model | None:
    """Whoever completes prompts; None where no server is configured."""
    about = settings.model
    if about.remote:  # others own the engines, and the one line before them
        _demand_no_server_counts(settings)
        owners = open_remote(about, settings.remote, clock=clock, new_id=ids, hooks=hooks)
        servers: ServedModel = await stack.enter_async_context(owners)
        inner: Model = servers
        line = watch = None
    elif about.urls:
        servers, line, watch = await _line(settings, stack, clock=clock, ids=ids, hooks=hooks)
        inner = line
    else:
        return None
    guarded = Guarded(
        inner, about.breaker, clock=clock, hooks=hooks
    )  # counts each attempt, and refuses at once while open: nobody waits for a turn with a dead server
    dice = new_dice(
        int.from_bytes(os.urandom(DICE_BYTES))
    )  # another seed in each process: they must not come back together
    model = Retried(
        guarded, about.retry, clock=clock, dice=dice, hooks=hooks
    )  # outermost: each repetition passes the guard
    return _Model(model, vllm_check(servers.probe, guarded.status), line, watch)


class _Lined(NamedTuple):
    """Engines, and the one line before them."""

    servers: "OpenAIModel"
    line: Scheduled
    watch: EngineWatch  # beside the line, while the process serves


async def _line(settings: Settings, stack: AsyncExitStack, *, clock: Clock, ids: Ids, hooks: Sequence[Hook]) -> _Lined:
    """The line stands next to the servers: nothing may pass it by, and a call that waits for its turn has not been tried yet."""
    engines = len(settings.model.urls)
    servers = await stack.enter_async_context(open_model(settings.model, clock=clock, new_id=ids, hooks=hooks))
    calibration = Calibration(believed(settings.scheduling, engines=engines))
    line = await stack.enter_async_context(
        Scheduled(servers, settings.scheduling, calibration, engines=engines, clock=clock, new_id=ids, hooks=hooks)
    )
    return _Lined(servers, line, EngineWatch(servers.metrics, line, calibration, clock=clock))


def _demand_no_server_counts(settings: Settings) -> None:
    if settings.asking.tokenizer == "server":
        wrong = "is server, while model.remote names no model server that could count"
        fault = Fault(where="asking.tokenizer", wrong=wrong, right="a tokenizer.json, or nothing, which estimates")
        raise Misconfigured(str(fault), faults=(fault,))


async def _cascades(
    settings: Settings, stack: AsyncExitStack, judges: Judges, model: Model, *, clock: Clock, hooks: Sequence[Hook]
) -> Asked:
    """Who answers each tenant: its own built-in judge where that is sure; else what the model is remembered to have answered,
    else what it answers now, else the built-in judge after all."""
    store = await stack.enter_async_context(open_answers(settings.answers, clock))
    counting_by = counting(settings.asking.tokenizer, settings.model, clock=clock, hooks=hooks)
    counter = await stack.enter_async_context(counting_by)
    dice = new_dice(int.from_bytes(os.urandom(DICE_BYTES)))  # of the fences around reviews, which nobody may guess

    def asking_for(work: Work, first: Judge, asking: Asking) -> Judge:
        asks = AskingJudge(
            model,
            first,
            counter=counter,
            dice=dice,
            context_tokens=settings.model.max_context_tokens,
            settings=settings.asking,
            work=work,
            hooks=hooks,
        )
        return RememberedJudge(
            asks,
            store,
            tenant=work.tenant,
            engine=ENGINE,
            clock=clock,
            urgency=work.urgency,
            asking=asking,
            hooks=hooks,
            ttl_s=settings.answers.ttl_s,
        )

    return Asked(judges.of, asking_for, store, settings=settings.cascade)


async def _images(
    settings: Settings,
    stack: AsyncExitStack,
    reviews: SqlReviews,
    judge: LiteJudge,
    *,
    clock: Clock,
    hooks: Sequence[Hook],
    rebuild: bool,
) -> Indexed | None:
    """The image index, who embeds images, and who brings them together; None where no embedder is configured."""
    about = settings.images
    if not about.url:
        return None
    embedder = await stack.enter_async_context(open_images(about))
    index = await open_index(
        settings.index,
        folder=settings.data_dir,
        embedder=f"{embedder.name}+{judge.name}",
        dimensions=embedder.dimensions,
        name="images",
        min_similarity=about.min_similarity,
        missing="add" if rebuild else "refuse",
    )
    stack.push_async_callback(index.close)
    steps = ProjectionSettings(
        events_per_batch=about.events_per_batch,
        poll_interval_s=settings.projection.poll_interval_s,
        wait_max_events=about.events_per_batch,  # a search waits for one step of another machine's work, not for more
    )
    projector = ImageProjector(
        reviews,
        index,
        embedder,
        judge=judge,
        language_of=language_of,
        clock=clock,
        hooks=hooks,
        settings=steps,
    )
    return Indexed(index, embedder, projector)


async def serve(service: Service, host: str, port: int) -> None:
    """Serve until a signal: warm up, be ready, follow the log; then finish what is in flight and stop."""
    listening = listen(host, port)
    edge = ApiService(
        reviews=service.reviews,
        analyses=service.analyses,
        search=service.search,
        feedback=service.feedback,
        alerts=service.alerts,
        changes=service.changes,
        gate=service.gate,
        freshness=service.refresher,
        lifecycle=service.lifecycle,
        checks=service.checks,
        clock=service.clock,
        new_id=service.new_id,
        hooks=service.hooks,
        metrics=service.metrics,
        version=__version__,
        on_written=service.wake,
    )
    following = [
        _follow(service),
        service.refresher.follow(),
        *([service.images.projector.follow()] if service.images else []),
        *([service.watch.follow()] if service.watch else []),
    ]
    await _serve(edge, service.settings.api, "api", listening=listening, beside=following)


async def serve_inference(inference: Inference, host: str, port: int) -> None:
    """Serve the model that this process owns to gateways until a signal; then finish what is in flight and stop.

    Raises Misconfigured where others than this machine could ask without a key.
    """
    settings = inference.settings
    if not settings.remote.key and not _is_loopback(host):
        fault = Fault(where="remote.key", wrong=f"is not set, while --host is {host}", right="a secret, or 127.0.0.1")
        raise Misconfigured(str(fault), faults=(fault,))
    listening = listen(host, port)
    edge = InferenceService(
        model=inference.model,
        key=settings.remote.key,
        lifecycle=inference.lifecycle,
        checks=inference.checks,
        clock=inference.clock,
        new_id=inference.new_id,
        hooks=inference.hooks,
        metrics=inference.metrics,
        version=__version__,
    )
    # Each call holds a connection: it must be the line that refuses, with when to come back.
    most = max(settings.api.max_connections, 2 * settings.scheduling.waiting)
    api = settings.api.model_copy(update={"max_connections": most})
    following = [_ready(inference), inference.watch.follow()]
    await _serve(edge, api, "inference", listening=listening, beside=following)


async def _serve(
    edge: EdgeService,
    settings: ApiSettings,
    role: Serves,
    *,
    listening: socket.socket,
    beside: Sequence[Coroutine[None, None, None]],
) -> None:
    """Serve until a signal, with what goes on beside; then finish what is in flight and stop."""
    address, port = listening.getsockname()[:2]
    app = create_app(edge, settings, role=role)
    server = _Server(server_config(app, settings, host=address, port=port), edge.lifecycle)
    edge.lifecycle.move("WARMING")
    async with asyncio.TaskGroup() as tasks:
        followers = [tasks.create_task(each) for each in (*beside, watch_loop(edge.clock, edge.hooks))]
        serving = tasks.create_task(server.serve(sockets=[listening]), name="http")
        logger("matjip").info("serving", url=f"http://{address}:{port}", docs=f"http://{address}:{port}/docs")
        await serving
        for follower in followers:
            follower.cancel()
    edge.lifecycle.move("TERMINATED")


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"


def prepare_folder(folder: Path) -> None:
    """Make the data folder. Raises Misconfigured where that, or writing into it, is not possible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        wrong = None if os.access(folder, os.W_OK | os.X_OK) else "cannot be written to"
    except OSError as error:
        wrong = f"cannot be made ({error.strerror})"
    if wrong:
        fault = Fault(
            where="data_dir", wrong=f"is {str(folder)!r}, which {wrong}", right="a folder of this process's own"
        )
        raise Misconfigured(str(fault), faults=(fault,))


def erasure_key(settings: Settings) -> bytes:
    """The secret behind the hashes that erasures leave: from the settings, else from a file made beside the data."""
    if settings.erasure_key is not None:
        return settings.erasure_key.get_secret_value().encode()
    file = settings.data_dir / "erasure.key"
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as made:
            made.write(os.urandom(ERASURE_KEY_BYTES))
    except FileExistsError:
        pass
    return file.read_bytes()


def masking(settings: Settings) -> Mask:
    """What hides personal data wherever a review is quoted; names of staff only where the settings say so."""
    return partial(mask, names=settings.analysis.mask_names)


async def _follow(service: Service) -> None:
    await _examined(service.checks)
    try:
        await service.projector.catch_up()
    except Unavailable as error:  # the follower asks again; until then searches say how far behind they are
        logger("matjip").warning("the index could not catch up", reason=error.message)
    if service.lifecycle.state == "WARMING":
        service.lifecycle.move("READY")
    await service.projector.follow()


async def _ready(inference: Inference) -> None:
    await _examined(inference.checks)
    if inference.lifecycle.state == "WARMING":
        inference.lifecycle.move("READY")


async def _examined(checks: Sequence[Check]) -> None:
    """Say once, at the start, what is not well; readiness refuses for as long as it is so. The first is the lifecycle's own."""
    for check, finding in await examine(checks[1:], timeout_s=SELF_CHECK_S):
        if finding.status == "fail":
            logger("matjip").error("a part is not well at the start", check=check.name, reason=finding.output)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises Misconfigured where the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named TCP, so that the event loop turns Nagle's algorithm off: else each answer on a kept connection waits 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)  # from here on a connection waits instead of being refused
    except OSError as error:
        listening.close()
        fault = Fault(
            where="--host, --port", wrong=f"cannot be bound: {host}:{port} ({error.strerror})", right="free ones"
        )
        raise Misconfigured(str(fault), faults=(fault,)) from None
    return listening


class _Server(uvicorn.Server):
    """uvicorn that tells our lifecycle: from the signal on, ready answers 503."""

    def __init__(self, config: uvicorn.Config, lifecycle: Lifecycle) -> None:
        super().__init__(config)
        self._lifecycle = lifecycle

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, without raising the signal again at the end: a stop that was asked for is no failure."""
        before = {sig: signal.signal(sig, self.handle_exit) for sig in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for sig, handler in before.items():
                signal.signal(sig, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._lifecycle.move("DRAINING")
        super().handle_exit(sig, frame)
