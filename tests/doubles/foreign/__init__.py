"""A small foreign implementation of the endpoint, for rehearsals to judge: FastAPI and dulwich, nothing of ours.

It does what `templates.yaml` asks for, and has faults as it is told to (`faults.py`). `python -m tests.doubles.foreign`
runs one endpoint; `python -m tests.doubles.foreign.endpoints` a class of many, each with a fault by its number.
"""
