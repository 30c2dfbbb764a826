"""Changes for a terminal: a line each."""

from rich.text import Text

from matjip.analysis.changes import Change
from matjip.clock import to_iso

__all__ = ["change_line"]


def change_line(change: Change) -> Text:
    """When, what, of which restaurant and review, and what its type has to say."""
    at = to_iso(change.at)[:19].replace("T", " ")
    facts = [change.restaurant_id, change.review_id, change.analysis, change.status]
    facts += [f"v{change.version}"] if change.version is not None else []
    if change.alert is not None:
        alert = change.alert
        facts += [
            f"{alert.negatives} of {alert.reviews} negative",
            f"blamed: {alert.aspect or 'nothing in particular'}",
        ]
    shown = "  ".join(fact for fact in facts if fact)
    return Text.assemble((f"{at}  ", "dim"), (f"{change.type:<19}", "bold"), "  ", shown, (f"  {change.id}", "dim"))
