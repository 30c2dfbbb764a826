"""The figures on a terminal of 80 columns, and the plot as a file."""

import asyncio
import io
import xml.etree.ElementTree as ElementTree

import pytest
from rich.console import Console

from matjip.console.evaluation import calibration_svg, evaluation_view
from matjip.evaluation.report import Bin, Report, evaluate
from matjip.evaluation.rows import Row, Said
from matjip.inference.lite.judge import LiteJudge

GROUPS = ("taste|menu|portion", "atmosphere|cleanliness", "service")
BINS = (Bin(low=0, high=0.1, n=100, said=0.05, true=0.0), Bin(low=0.9, high=1, n=9, said=0.95, true=1.0))


@pytest.fixture(scope="module")
def report() -> Report:
    aspects = tuple(Said(aspect=name, polarity="positive", span=(0, 2)) for name in GROUPS)
    rows = [
        Row(text="음식도 맛있고 친절해요", label="positive", aspects=aspects),
        Row(text="별로예요", label="negative"),
    ]
    rows = [*rows * 1_500, Row(text="점심", label="neutral", aspects=())]
    return asyncio.run(evaluate(LiteJudge.load(), rows))


def shown(report: Report) -> str:
    console = Console(file=io.StringIO(), width=80, color_system=None)
    console.print(evaluation_view(report))
    return console.file.getvalue()


def test_every_table_fits_eighty_columns_uncut(report):
    text = shown(report)
    assert "…" not in text
    assert all(len(line.rstrip()) <= 80 for line in text.splitlines())


def test_every_part_that_was_measured_is_shown(report):
    text = shown(report)
    for part in ("majority (baseline)", "list of words (baseline)", "truth ↓", "calibration", *GROUPS, "exact spans"):
        assert part in text


def test_the_plot_is_xml_with_a_dot_a_bin_and_words_for_readers():
    drawn = ElementTree.fromstring(calibration_svg(BINS))
    dots = drawn.findall("{*}circle")
    assert dots[0].findtext("{*}title") == "100 texts: said 0.050, true 0.000"
    assert (len(dots), drawn.get("role"), drawn.find("{*}title") is not None) == (2, "img", True)


def test_a_bin_of_more_texts_is_a_larger_dot():
    radii = [float(dot.get("r")) for dot in ElementTree.fromstring(calibration_svg(BINS)).findall("{*}circle")]
    assert radii[0] > radii[1]
