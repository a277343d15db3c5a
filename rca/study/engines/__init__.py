"""Where trials run: one engine per file, each a function of the type `rca.study.trials.Engine`."""
