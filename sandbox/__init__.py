"""The hosted API, emulated on 127.0.0.1 for development and tests; see docs/sandbox.md.

Imported by: cli. Imports: sandbox below it, identity_worker.
"""

from identity_worker.handle import Sandbox
from sandbox.server import running, serve

__all__ = ["Sandbox", "running", "serve"]
