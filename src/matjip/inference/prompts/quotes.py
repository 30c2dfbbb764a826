"""Where a text says what a model says that it says."""

from matjip.inference.prompts.data import neutral

__all__ = ["span"]


def span(quote: object, text: str) -> tuple[int, int] | None:
    """First place of the quote in the text, in code points; None where the text does not say it.

    Models change spaces, and see neutral signs; nothing else is forgiven. The span is the text's own wording.
    """
    if not isinstance(quote, str) or not (wanted := "".join(neutral(quote).split())):
        return None
    shown = neutral(text)
    places = [place for place, character in enumerate(shown) if not character.isspace()]
    at = "".join(shown[place] for place in places).find(wanted)
    return (places[at], places[at + len(wanted) - 1] + 1) if at >= 0 else None
