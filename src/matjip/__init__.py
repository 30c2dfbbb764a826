"""Restaurant reviews become sentiment, summaries, strengths and search results that carry their evidence."""

__all__ = ["__version__"]

__version__ = "0.1.0"
