"""What has changed is read at a glance: sentences, arrows, strengths that came and went."""

import io

from rich.console import Console

from matjip.api.examples import PROGRESS
from matjip.console.progress import progress_view


def shown(view) -> str:
    buffer = io.StringIO()
    Console(file=buffer, width=100).print(view)
    return buffer.getvalue()


def test_a_tested_direction_has_its_sentence_and_its_arrow():
    text = shown(progress_view(PROGRESS))
    assert "대기 시간 평가가 나아졌습니다" in text
    assert "▲ waiting" in text


def test_a_strength_that_came_is_marked():
    assert "+ 대기가 짧다는 칭찬이 많습니다" in shown(progress_view(PROGRESS))


def test_a_strength_that_stayed_is_no_change():
    stayed = PROGRESS.claims[0].model_copy(update={"support_before": 9})
    assert "대기가 짧다는" not in shown(progress_view(PROGRESS.model_copy(update={"claims": (stayed,)})))


def test_where_the_test_finds_nothing_it_says_so():
    same = PROGRESS.model_copy(update={"sentences": (), "aspects": ()})
    assert "우연이라고 볼 수 없을 만한 차이는 없습니다." in shown(progress_view(same))
