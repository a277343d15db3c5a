"""From findings to causes: ranked, refuted by ordering, told in order of time."""
