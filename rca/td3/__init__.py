"""TD3 with visual encoders."""
