"""Personal data in a quote: what is hidden, what must stay."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.inference.suites import score_mask, secrets

from matjip.inference.lite.mask import HIDDEN, mask

SUITE = secrets()
KINDS = ["phone", "email", "account", "resident", "card", "name"]
LEAST_RECALL = dict.fromkeys(KINDS, 0.95) | {"card": 0.85}
LEAST_PRECISION = dict.fromkeys(KINDS, 0.95) | {"card": 0.85}

HIDE = [
    # telephone: mobile, written in many ways
    "010-0000-1234", "01000001234", "010 0000 1234", "010.0000.1234", "+82 10-0000-1234", "82-10-0000-1234", "(010) 0000-1234",
    "010 - 0000 - 1234", "010–0000–1234", "010/0000/1234", "010_0000_1234", "010·0000·1234", "010,0000,1234", "010)0000-1234",
    "０１０-0000-1234", "공일공-0000-1234", "공일공 영영영영 일이삼사", "01O-0000-1234", "+8210-0000-1234", "+821000001234", "0082-10-0000-1234",
    "011-000-1234", "016-000-0000", "019 000 0000",
    # telephone: lines, internet, free numbers, abroad
    "02-000-1234", "02) 000-1234", "(02)000-0000", "02.000.0000", "0200001234", "031-000-1234", "031)000-0000", "(031) 000-0000",
    "0310001234", "064-000-0000", "070-0000-0000", "0507-0000-0000", "0505-000-0000", "080-000-0000", "+82-2-0000-0000",
    "+82 2 0000 0000", "+1 212 555 0100", "+1-212-555-0100", "+1 (212) 555-0100", "(212) 555-0100", "+44 20 7946 0000",
    "+81 3 0000 0000", "+86 138 0000 0000",
    # e-mail
    "someone@example.com", "some.one+tag@example.co.kr", "some_one @ example.com", "a1@example.org", "Someone@Example.COM",
    "someone＠example.com", "someone(at)example.com", "someone [at] example.com", "someone골뱅이example.com",
    # resident registration
    "900101-1234567", "900101 - 2234567", "900101 1234567", "9001011234567", "900101-3234567", "900101-1******", "900101-*******",
    # cards
    "1234-5678-9012-3456", "1234 5678 9012 3456", "1234567890123456", "1234.5678.9012.3456", "1234 - 5678 - 9012 - 3456", "3700-000000-00000",
    # accounts
    "110-000-000000", "352-0000-0000-00", "3333-00-0000000", "1002-000-000000", "123456-01-123456", "110 - 000 - 000000", "110000000000",
]  # fmt: skip
HIDE_BEHIND = ["농협 352 0000 0000 00", "계좌 110 000 000000", "카카오뱅크 3333 00 0000000", "계좌번호는 1000000000"]
KEEP = [
    # prices
    "15,000원", "2~3천원", "1,234,567원", "9,900원", "13000", "1,500-2,000원", "15000-20000원", "1000-2000-3000원", "1000 2000 3000 4000원",
    "10,000 1500원", "₩15,000", "$12.50", "+1,000원", "10000, 20000, 30000, 40000",
    # dates and times
    "2026-11-23", "2026-1-2", "26-11-23", "23-11-2026", "2026.11.23", "2026/11/23", "2026. 11. 23.", "2026-11-23 18:30", "2024-2025-2026",
    "2024-01-01~2024-12-31", "20240101", "2026년 11월", "7-8월", "11:30-21:00", "11:30", "12-14-16시", "30-40-50분", "10-15분", "2시간 30분",
    # scores, portions, people
    "3.5점", "별점 5/5", "9.5/10", "4.5 4.0 5.0", "3:2:1", "50:50", "100%", "1인분 200g", "500ml", "4-5명", "20-30대", "10-20-30대", "1+1", "2차 3차",
    # addresses, menus, names, service numbers
    "마포구 밀가루길 12", "강남대로 123길 45-6", "역삼동 123-45", "06236", "3층", "B1-203", "1호점", "No. 1", "세트 2-1-3", "A4", "v1.2.3", "24/7",
    "1588", "1588-0000", "@matjip", "me @place. Good", "골뱅이 무침", "0.5", "12.5", "1등", "365일", "24시간", "5개월",
    "맛있어요", "", "😀",
]  # fmt: skip


@pytest.mark.parametrize("secret", HIDE)
def test_what_leads_to_a_person_is_hidden(secret):
    hidden = "".join(letter if letter == " " else HIDDEN for letter in secret)
    assert mask(f"문의는 {secret} 로 주세요") == f"문의는 {hidden} 로 주세요"


@pytest.mark.parametrize("text", HIDE_BEHIND)
def test_an_account_behind_its_bank_is_hidden_and_the_bank_is_not(text):
    shown = mask(text)
    assert not any(letter.isdigit() for letter in shown)
    assert shown[:2] == text[:2]


@pytest.mark.parametrize("text", KEEP)
def test_what_leads_to_nobody_stays(text):
    assert mask(f"점심 {text} 였어요") == f"점심 {text} 였어요"


@given(
    st.text(max_size=200) | st.lists(st.sampled_from([*HIDE, *HIDE_BEHIND, *KEEP, " ", "가"]), max_size=8).map("".join)
)
def test_a_masked_text_is_as_long_as_before_and_nothing_else_is_changed(text):
    once = mask(text)
    assert len(once) == len(text)
    assert all(new in (old, HIDDEN) for old, new in zip(text, once, strict=True))


@pytest.mark.parametrize(
    "text",
    ["a" * 5_000, "1" * 5_000, "1-" * 2_500, "010-" * 1_250, "a." * 2_500, "@" * 5_000, "계좌 " * 1_600, "11 " * 1_600],
)
def test_no_text_of_five_thousand_characters_takes_long(text):
    began = process_time()
    mask(text)
    assert process_time() - began < 0.5


@pytest.mark.parametrize(
    "text",
    [
        "김" * 5_000,
        "직원 " * 1_600,
        "김민수 사장님 " * 600,
        "server Jessica " * 330,
        "Tom, " * 1_000,
        "직원 이름이 " * 700,
    ],
)
def test_no_text_of_five_thousand_characters_takes_long_with_names(text):
    began = process_time()
    mask(text, names=True)
    assert process_time() - began < 0.5


def test_names_stay_unless_asked_for():
    assert mask("김민수 사장님과 our server Jessica") == "김민수 사장님과 our server Jessica"


@pytest.mark.parametrize(
    "text",
    [
        "직원 지정석",
        "매니저 정수기 앞",
        "Server Forgot our order",
        "the host Seated us",
        "owner Himself came",
        "이쁜 사장님",
        "남자직원",
    ],
)
def test_a_word_beside_a_role_that_is_no_name_stays(text):
    assert mask(text, names=True) == text


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("어제 계시던 홍길동 매니저님", "홍길동"),
        ("사장님(성함 노재석) 입담", "노재석"),
        ("We had Jessica as our server", "Jessica"),
        ("Manager Fred fixed it", "Fred"),
        ("미나 매니저님 짱", "미나"),
    ],
)
def test_a_name_beside_a_role_is_hidden(text, name):
    assert mask(text, names=True) == text.replace(name, HIDDEN * len(name))


def test_a_hidden_name_keeps_its_role_and_its_length():
    assert mask("직원 이지은님 최고, our server Jessica too", names=True) == ("직원 ●●●님 최고, our server ●●●●●●● too")


@given(st.lists(st.sampled_from([*(row["text"] for row in SUITE), " ", "님", "사장님 "]), max_size=5).map("".join))
def test_a_text_masked_with_names_is_as_long_as_before(text):
    once = mask(text, names=True)
    assert all(new in (old, HIDDEN) for old, new in zip(text, once, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_the_labelled_secrets_of_each_kind_are_found(kind):
    score = score_mask(row for row in SUITE if row["kind"] == kind)
    assert score.recall >= LEAST_RECALL[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_what_looks_like_a_secret_of_each_kind_is_left(kind):
    score = score_mask(row for row in SUITE if row["kind"] == kind)
    assert score.precision >= LEAST_PRECISION[kind]
