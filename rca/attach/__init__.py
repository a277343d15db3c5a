"""Other people's trainers: `watch` for a torch loop, a callback for Stable-Baselines3."""
