"""The built-in models: small, exact, no GPU and no network; the embedded default and the degraded mode."""
