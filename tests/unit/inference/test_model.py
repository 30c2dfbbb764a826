"""What a model is asked, and for whom."""

import pytest

from matjip.inference.model import least_urgent


@pytest.mark.parametrize(
    ("wanted", "allowed", "given"),
    [
        ("interactive", "batch", "batch"),
        ("batch", "interactive", "batch"),
        ("background", "batch", "background"),
        ("interactive", "interactive", "interactive"),
    ],
)
def test_less_than_what_is_allowed_may_be_asked_for_and_never_more(wanted, allowed, given):
    assert least_urgent(wanted, allowed) == given
