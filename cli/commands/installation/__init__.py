"""The commands about the installation: accounts, limits, audit, doctor.

Imported by: cli. Imports: render, sending, shared, actors, config, worker.
"""
