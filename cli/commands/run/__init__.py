"""The commands that run until they are stopped: the processes, the sandbox, the demo.

Imported by: cli. Imports: demo, shared, actors, config, sandbox, web, worker.
"""
