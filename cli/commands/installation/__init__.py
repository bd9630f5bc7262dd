"""The commands about the installation: accounts, limits, audit, doctor.

Imported by: cli.main. Imports: cli, actors, worker, config.
"""
