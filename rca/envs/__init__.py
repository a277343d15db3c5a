"""The driving task, written once on the carla client."""
