"""The demo: the action as a step of a workflow, on this machine. Not part of the service's image, which lacks what it imports."""
