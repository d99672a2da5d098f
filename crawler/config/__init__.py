"""YAML job files to frozen models, with every problem at its place."""
