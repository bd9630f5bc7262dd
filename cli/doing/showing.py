"""Shows a dead letter to whoever asks for it as for a brief: by its id."""

import redis

from actors.broker import dead_letters
from cli.render.held import dead_letter_json, print_dead_letter
from cli.shared.output import print_json
from config.times import redis_ms
from worker.shards.merged import clients_of


def show_dead_letter(client: "redis.Redis", name: str, *, as_json: bool) -> bool:
    """Print the dead letter of this id, if there is one; return whether there is. Raises redis.RedisError."""
    found = dead_letters.shown_as(clients_of(client), name)
    if found is None:
        return False
    if as_json:
        print_json({"dead_letter": dead_letter_json(found[1])})
    else:
        print_dead_letter(found[1], redis_ms(client.time()))
    return True
