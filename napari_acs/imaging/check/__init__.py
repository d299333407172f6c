"""The pre-flight check: what is wrong with a study before anything is predicted."""
