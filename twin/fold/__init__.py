"""The rules of the fold, one subject a module; ``twin.evolve`` calls them in order."""
