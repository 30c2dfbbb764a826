"""Personal data in a quote: what is hidden, what must stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matjip.inference.lite.mask import HIDDEN, mask

HIDE = [
    "010-0000-1234", "01000001234", "010 0000 1234", "010.0000.1234", "+82 10-0000-1234", "82-10-0000-1234", "(010) 0000-1234",
    "011-000-1234", "02-000-1234", "02) 000-1234", "031-000-1234", "064-000-0000", "070-0000-0000", "0507-0000-0000",
    "someone@example.com", "some.one+tag@example.co.kr", "some_one @ example.com", "a1@example.org",
    "900101-1234567", "900101 - 2234567", "1234-5678-9012-3456", "1234 5678 9012 3456", "1234567890123456",
    "110-000-000000", "352-0000-0000-00", "3333-00-0000000", "1002-000-000000", "+1 212 555 0100", "+44 20 7946 0000",
]  # fmt: skip
KEEP = [
    "15,000원", "2026-11-23", "2026-1-2", "11:30-21:00", "11:30", "3.5점", "별점 5/5", "1인분 200g", "2시간 30분", "4-5명", "10-15분",
    "100%", "1588", "24시간", "3층", "2~3천원", "12.5", "No. 1", "2026년 11월", "@matjip", "A4", "마포구 밀가루길 12", "500ml", "1,234,567원", "0.5", "7-8월",
    "맛있어요", "", "😀", "1호점", "5개월", "20-30대", "2차 3차", "1+1", "50:50", "1등", "365일", "9,900원", "13000",
]  # fmt: skip


@pytest.mark.parametrize("secret", HIDE)
def test_what_leads_to_a_person_is_hidden(secret):
    shown = mask(f"문의는 {secret} 로 주세요")
    assert not any(letter.isdigit() for letter in shown)
    assert "@" not in shown
    assert shown.startswith("문의는 ")
    assert shown.endswith("로 주세요")


@pytest.mark.parametrize("text", KEEP)
def test_what_leads_to_nobody_stays(text):
    assert mask(f"점심 {text} 였어요") == f"점심 {text} 였어요"


@given(st.text(max_size=200) | st.lists(st.sampled_from([*HIDE, *KEEP, " ", "가"]), max_size=8).map("".join))
def test_a_masked_text_is_as_long_as_before_and_masking_it_again_changes_nothing(text):
    once = mask(text)
    assert len(once) == len(text)
    assert all(new in (old, HIDDEN) for old, new in zip(text, once, strict=True))
