"""The page holds everything, shows only what may be seen, and speaks one language."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from matjip.console.report import Report, RestaurantReport, language_of, quoted_ids, render
from tests.unit.console.sample import (
    PHONE,
    cafe,
    hide_phone,
    hostile,
    newcomer,
    noodle_bar,
    quote,
    reviews_of,
    sample_report,
    soup_house,
    statement,
    summary,
)

MANY_RESTAURANTS, MANY_REVIEWS = 15, 40
LARGEST_BYTES = 1_500_000
VOID = {"meta", "link", "input", "br"}


def page(report: Report | None = None, **changes) -> str:
    return render(replace(report or sample_report(), **changes), mask=hide_phone)


def marked(**changes) -> RestaurantReport:
    """The soup house after people spoke of its first strength and its first statement."""
    made = soup_house()
    first, *rest = made.strengths.strengths
    praised, *others = made.summary.positive
    return replace(
        made,
        strengths=made.strengths.model_copy(
            update={"strengths": (first.model_copy(update=changes), *rest), "hidden": 2}
        ),
        summary=made.summary.model_copy(
            update={"positive": (praised.model_copy(update=changes), *others), "hidden": 1}
        ),
    )


def test_what_people_flagged_or_reworded_is_marked_and_what_they_hid_is_counted():
    html = page(restaurants=(marked(flagged=True, corrected=True),))
    assert [html.count(word) for word in ("이의 제기됨", "사람이 고침")] == [2, 2]
    assert "숨긴 문장 1개" in html
    assert "숨긴 문장 2개" in html


def test_what_a_model_worded_is_marked():
    made = marked(worded_by="llm")
    told = made.summary.model_copy(update={"overall_worded_by": "llm"})
    assert page(restaurants=(replace(made, summary=told),)).count("언어 모델이 쓴 문장") == 3
    assert "언어 모델이 쓴 문장" not in page()


def test_where_all_is_hidden_the_page_does_not_say_that_evidence_is_missing():
    made = soup_house()
    told = made.summary.model_copy(update={"positive": (), "negative": (), "hidden": 4})
    html = page(restaurants=(replace(made, summary=told),))
    assert html.count("보여 드릴 문장이 없습니다.") == 2
    assert "근거가 충분한" not in html


def test_a_page_of_which_nobody_spoke_bears_no_marks():
    assert not re.search("이의 제기됨|사람이 고침|숨긴 문장", page())


class Outline(HTMLParser):
    """Which elements are open, which ids there are, and where links lead."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open, self.ids, self.links, self.attributes = [], [], [], set()
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.open += [] if tag in VOID else [tag]
        self.attributes |= {name for name, _ in attrs}
        self.ids += [value for name, value in attrs if name == "id"]
        self.links += [value for name, value in attrs if name == "href"]

    def handle_startendtag(self, tag, attrs):
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def many() -> Report:
    texts = [f"{number}번째로 왔는데 국물이 진하고 고기가 부드러워요. " * 6 for number in range(MANY_REVIEWS)]
    made = []
    for place in range(MANY_RESTAURANTS):
        reviews = reviews_of(f"r{place}", texts, language="ko")
        cited = tuple(quote(review, "국물이 진하고") for review in reviews.values())
        lines = [statement("국물이 진합니다.", "taste", "positive", support=40, considered=40, cited=cited)]
        found = summary(f"r{place}", MANY_REVIEWS, language="ko", overall="진합니다.", lines=lines)
        base = soup_house()
        home = replace(base.restaurant, id=f"r{place}")
        made.append(replace(base, restaurant=home, summary=found, reviews={**base.reviews, **reviews}))
    return replace(sample_report(), restaurants=tuple(made))


def test_every_element_is_closed_every_id_is_one_and_every_link_leads_somewhere():
    outline = Outline(page(sample_report(hostile())))
    assert outline.open == []
    assert len(outline.ids) == len(set(outline.ids))
    assert {link for link in outline.links if not link.startswith("data:")} <= {f"#{name}" for name in outline.ids}


def test_the_page_asks_for_nothing_outside_itself():
    outline = Outline(page())
    assert outline.attributes & {"src", "srcset", "action", "poster", "ping"} == set()
    assert [link for link in outline.links if not link.startswith(("#", "data:,"))] == []
    assert "url(http" not in page()


def test_the_policy_names_the_script_and_the_style_by_their_hashes():
    html = page()
    for tag in ("script", "style"):
        inline = re.search(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL).group(1)
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert f"{tag}-src &#39;sha256-{digest}&#39;" in html
    assert "unsafe-inline" not in html


def test_the_page_is_the_same_for_the_same_report():
    assert page() == page()


def test_hostile_words_stay_words():
    html = page(sample_report(hostile()))
    assert html.count("<script") == 1
    assert "<img" not in html
    assert html.encode("utf-8").count(b"\0") == 0


def test_a_carriage_return_is_kept_so_that_offsets_stay_true():
    assert "&#13;\n두 번째 줄" in page(sample_report(hostile()))


def test_personal_data_is_nowhere_in_the_page():
    assert PHONE not in page()


def test_a_statement_shows_its_count_and_its_quote():
    html = page()
    assert "29 / 210" in html
    assert re.search(r'data-spans="0-13"[^>]*><q lang="ko" dir="auto">점심에 40분 기다렸어요</q>', html)


def test_only_quoted_reviews_are_in_the_page():
    html = page()
    assert "주차할 곳이 없어서" in html
    assert "가격이 조금 올랐지만" not in html


def test_too_little_evidence_is_said_with_its_n_and_not_filled():
    html = page(restaurants=(newcomer(),))
    assert html.count("<strong>근거 부족</strong>") == 3
    assert html.count("n = 2") == 3
    assert "칭찬하는 점" not in html


def test_why_there_is_no_comparison_is_said():
    assert "비교할 식당이 없습니다. 같은 업종의 식당이 없습니다." in page()


def test_a_distinct_strength_shows_its_lead_with_the_interval():
    html = page()
    assert "+18%p" in html
    assert "95% 구간 +10~+26%p" in html
    assert "q &lt; 0.001" in html


def test_a_report_of_nothing_says_so():
    assert "분석한 식당이 없습니다." in page(restaurants=(), searches=(), timings=())


@pytest.mark.parametrize(
    ("made", "language"),
    [((soup_house, noodle_bar), "ko"), ((noodle_bar,), "en"), ((cafe, noodle_bar), "en"), ((), "ko")],
)
def test_the_labels_speak_the_language_of_most_reviews(made, language):
    assert language_of(replace(sample_report(), restaurants=tuple(each() for each in made))) == language


def test_a_named_language_is_obeyed_and_reviews_keep_theirs():
    html = page(language="en")
    assert '<html lang="en">' in html
    assert "Often praised here" in html
    assert '<q lang="ko" dir="auto">' in html


def test_a_restaurant_without_a_name_is_called_by_its_id():
    nameless = replace(cafe(), restaurant=replace(cafe().restaurant, name=None))
    assert "<bdi>r-cafe</bdi>" in page(restaurants=(nameless,))


def test_the_reviews_to_fetch_are_those_that_are_quoted_each_once():
    report = soup_house()
    ids = quoted_ids(report.summary, report.strengths)
    assert len(ids) == len(set(ids)) == 8
    assert "r-soup-10" not in ids


def test_fifteen_restaurants_with_forty_cited_reviews_stay_small():
    assert len(page(many()).encode()) < LARGEST_BYTES


def test_the_results_of_a_restaurant_are_known_by_their_analyses():
    assert list(soup_house().results()) == ["sentiment", "summary", "strengths"]
