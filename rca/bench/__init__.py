"""The benchmark: planted faults and healthy runs, diagnosed and scored."""
