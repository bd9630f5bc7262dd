"""How a message comes by a further inlet."""

import math
from collections.abc import Callable
from typing import Any

from dramatiq import Message
from stepping import Flow, stock_broker

#: Sends a message by the queue of the inlet `partner`, and runs it.
Send = Callable[..., None]


def come_by(flow: Flow, message: "Message[Any]", inlet: str = "partner") -> None:
    """Have another program send a message by an inlet, and a worker move it."""
    stock_broker(flow.broker.client).enqueue(message.copy(queue_name=inlet))
    move(flow)


def move(flow: Flow) -> None:
    """Have a worker look for what has come by further inlets."""
    flow.broker._tended = -math.inf
    flow.broker.tend()
