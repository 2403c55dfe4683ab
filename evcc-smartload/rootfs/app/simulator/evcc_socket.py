"""What evcc says on its WebSocket: everything once, then each change."""

from simulator.home import SimulatedHome


class StateStream:
    """The messages since the last look; one per server, shared by its clients."""

    def __init__(self, home: SimulatedHome) -> None:
        self._home = home
        self._last: dict[str, object] = {}
        self._cycles = -1
        self._log_number = 0

    def first_messages(self, *, is_first: bool) -> list[dict[str, object]]:
        """Return what a new client gets: the flattened state, then the forecast's members.

        Args:
            is_first: Nobody listened until now, so what came before is not a change.
        """
        flat = self._home.flat_state()
        if is_first:
            self._last = dict(flat)
            self._cycles, self._log_number = self._home.site.cycles, self._home.site.log_number
        forecast = {key: flat.pop(key) for key in list(flat) if key.startswith("forecast.")}
        return [flat, *({key: value} for key, value in forecast.items())]

    def changes(self) -> list[dict[str, object]]:
        """Return one message per value that changed since the last call, then the log's lines."""
        flat = self._home.flat_state()
        last, self._last = self._last, flat
        messages: list[dict[str, object]] = [
            {key: value} for key, value in flat.items() if key not in last or last[key] != value
        ]
        cycles = self._home.site.cycles
        if cycles != self._cycles and not any(
            key.startswith("forecast.") for message in messages for key in message
        ):
            # evcc says so when a cycle brought nothing new in the forecast.
            messages.append({})
        self._cycles = cycles
        for number, line in list(self._home.site.log):
            if number > self._log_number:
                self._log_number = number
                messages.append({"log": line})
        return messages
