"""Before a run is spent: is this environment sound, and does this agent learn what it must?"""
