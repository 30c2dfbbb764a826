"""How the built-in weights are made: data in, weights and a model card out. Nothing here is needed at run time."""
