"""The job as frozen models: every key, its type, its default and its description.

Defaults are written as a user would write them (`"20s"`), so that the schema and the effective
config show them in that form.
"""
