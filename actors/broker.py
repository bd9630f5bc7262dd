"""The broker of the worker's actors, made before the first of them is declared."""

from actors.process import process
from config.broker import make_broker
from config.embedded import process_redis_url
from config.settings import settings

broker = make_broker(process_redis_url(), prefetch=settings().threads)
# Opened before the first message: bad settings must end the worker's start, not the briefs it would take.
process()
