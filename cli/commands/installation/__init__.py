"""The commands about the installation: accounts, limits, audit, doctor.

Imported by: cli. Imports: doing, render, shared, actors, config, web, worker.
"""
