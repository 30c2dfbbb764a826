"""The index by configuration."""

import sys

import pytest
from pydantic import ValidationError

from matjip.errors import Misconfigured
from matjip.index.edge import EdgeIndex
from matjip.index.exact import ExactIndex
from matjip.index.open import IndexSettings, open_index
from matjip.index.qdrant import QdrantIndex


@pytest.mark.parametrize(
    ("given", "kind"),
    [({}, ExactIndex), ({"kind": "edge"}, EdgeIndex), ({"kind": "qdrant", "url": ":memory:"}, QdrantIndex)],
)
async def test_the_kind_chooses_the_index(tmp_path, given, kind):
    index = await open_index(IndexSettings(**given), folder=tmp_path, embedder="e", dimensions=4)
    await index.close()
    assert isinstance(index, kind)


@pytest.mark.parametrize("kind", ["exact", "edge"])
async def test_an_index_of_another_name_shares_nothing_with_the_first(tmp_path, kind):
    texts = await open_index(IndexSettings(kind=kind), folder=tmp_path, embedder="e", dimensions=4)
    images = await open_index(IndexSettings(kind=kind), folder=tmp_path, embedder="i", dimensions=8, name="images")
    await texts.apply([], [], 7)
    assert (await texts.position(), await images.position(), await images.others()) == (7, 0, [])
    await images.close()
    await texts.close()


@pytest.mark.parametrize(("kind", "package"), [("edge", "qdrant_edge"), ("qdrant", "qdrant_client")])
async def test_a_missing_package_is_named_with_its_extra(tmp_path, monkeypatch, kind, package):
    for module in [*(each for each in sys.modules if each.startswith(package)), package]:
        monkeypatch.setitem(sys.modules, module, None)
    for module in ("matjip.index.edge", "matjip.index.edge_worker", "matjip.index.qdrant"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    with pytest.raises(Misconfigured, match=rf"{package}.*matjip\[{kind}\]"):
        await open_index(IndexSettings(kind=kind, url="http://q"), folder=tmp_path, embedder="e", dimensions=4)


def test_a_server_without_its_url_is_a_fault():
    with pytest.raises(ValidationError, match="kind qdrant needs url"):
        IndexSettings(kind="qdrant")
