"""Shares the delay of hosts with the other jobs of the same user on this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from crawler.policy.host_turns import PLACES, HostTurn, look_again_in
from crawler.storage.host_table import HostTable, key_of
from crawler.storage.own_folder import own_folder

#: Seconds after which a record is tried again that another process is writing this instant.
_INSTANT = 0.005
#: Tries, one after the other, to note the end of a request: others write for some microseconds.
_TRIES = 50
#: Tries to open a file that another process is making.
_MAKING = 400
#: Seconds after which a request of another job is not waited for: it was stopped with Ctrl-Z.
_PATIENCE = 300.0
#: Seconds between two looks at whether the file is still where other jobs find it.
_LOOK = 60.0


class SharedClocks:
    """`HostClocks` over a file that all jobs of a user map; see `HostTable` and `HostTurn`.

    Nothing is opened before the first host with a delay is asked. When the file cannot be used
    the job goes on alone, and says so once.

    Args:
        environ: May name the folder.
        tell: Is told what a person should know, a line each.
    """

    def __init__(self, environ: Mapping[str, str], tell: Callable[[str], None]) -> None:
        self._environ = environ
        self._tell = tell
        self._job = int.from_bytes(os.urandom(8), "little") | 1
        self._table: HostTable | None = None
        self._look_at = 0.0
        self._waited = 0
        self._alone = False
        self._met = False
        # Since when this job waits for its turn at a host.
        self._since: dict[str, float] = {}
        self._slots: dict[str, tuple[int, int]] = {}
        # None stands for a request that is not counted over the jobs.
        self._out: dict[str, list[int | None]] = {}

    def take_turn(self, host: str, *, delay: float, concurrency: int, now: float) -> float:
        """Begin a request to a host, or learn when to ask again."""
        if self._alone:
            return now
        try:
            locked = self._lock(host, now)
            if locked is None:
                return now + _INSTANT
            table, slot = locked
            try:
                return self._decide(host, table, slot, delay, concurrency, now)
            finally:
                table.unlock(slot)
        except OSError as error:
            self._give_up(error)
            return now

    def _decide(
        self, host: str, table: HostTable, slot: int, delay: float, concurrency: int, now: float
    ) -> float:  # fmt: skip
        turn, since = table.read(slot, now), self._since.get(host, now)
        at = turn.ready_at(self._job, delay, since, now)
        met = turn.turn_of not in (0, self._job)
        if at <= now:
            free, place = self._occupy(host, table, slot, turn, concurrency, now)
            if free:
                turn.grant(self._job, delay, place, now)
                table.write(slot, turn)
                self._out.setdefault(host, []).append(place)
                self._since.pop(host, None)
                return now
            met = True
            at = turn.ready_at(self._job, delay, since, now)
            at = max(at, now + look_again_in(delay))
        turn.deny(self._job, delay, at, since, now)
        self._since[host] = since
        table.write(slot, turn)
        if met and not self._met:
            self._met = True
            self._tell(f"another job asks {host} too; they take turns, and its delay is kept")
        return at

    def _occupy(
        self, host: str, table: HostTable, slot: int, turn: HostTurn, concurrency: int, now: float
    ) -> tuple[bool, int | None]:  # fmt: skip
        """Find a place for a request: whether it may go out, and the place, None for uncounted."""
        ours = self._out.get(host, ())
        for place in range(min(concurrency, PLACES)):
            if place not in ours and table.occupy(slot, place):
                if not turn.lost(place, now):
                    return True, place
                table.vacate(slot, place)
                return False, None
        return concurrency > PLACES or now - turn.last > _PATIENCE, None

    def end_turn(self, host: str, *, delay: float, sent: float | None, now: float) -> None:
        """Note that a request to a host has ended, whether a turn was taken for it or not."""
        places = self._out.get(host)
        if self._alone or (places is None and (sent is None or delay <= 0.0)):
            return
        place = places.pop() if places else None
        if not places:
            self._out.pop(host, None)

        def ended(turn: HostTurn) -> None:
            turn.end(self._job, delay, place, sent)

        self._change(host, now, ended, place)

    def leave_alone(self, host: str, until: float, now: float) -> None:
        """Note that a host asked to be left alone until a monotonic second."""

        def told(turn: HostTurn) -> None:
            turn.quiet_until = max(turn.quiet_until, until)

        if not self._alone:
            self._change(host, now, told, None)

    def _change(
        self, host: str, now: float, change: Callable[[HostTurn], None], place: int | None
    ) -> None:
        """Change a host's record, and free a place of its."""
        try:
            for _ in range(_TRIES):
                if (locked := self._lock(host, now)) is not None:
                    table, slot = locked
                    turn = table.read(slot, now)
                    change(turn)
                    table.write(slot, turn)
                    table.unlock(slot, place)
                    return
            if place is not None and self._table is not None and host in self._slots:
                # Who has the place next finds that nobody noted its end, and waits the delay.
                self._table.vacate(self._slots[host][1], place)
        except OSError as error:
            self._give_up(error)

    def close(self) -> None:
        """Free every place; what is still out is taken to have been sent this instant."""
        self._alone = True
        if self._table is not None:
            self._table.close()
            self._table = None

    # The table

    def _lock(self, host: str, now: float) -> tuple[HostTable, int] | None:
        """Lock the slot of a host; None if another process has it this instant."""
        table = self._open(now)
        if table is None:
            return None
        key, slot = self._slots.get(host) or (key_of(host), table.place(key_of(host), now))
        if slot is None:
            return None
        if not table.lock(slot):
            return None
        if table.key(slot) == key:
            self._slots[host] = key, slot
            return table, slot
        # It rested so long that another host has its slot.
        table.unlock(slot)
        self._slots.pop(host, None)
        return None

    def _open(self, now: float) -> HostTable | None:
        """Return the table, None while another process is making it.

        Raises:
            OSError: There is none, or it takes too long.
        """
        if self._table is not None and now >= self._look_at:
            self._look_at = now + _LOOK
            if not self._table.keep() and not self._out:
                self._table.close()
                self._table = None
                self._slots.clear()
        if self._table is None:
            try:
                self._table = HostTable(own_folder(self._environ))
            except BlockingIOError:
                self._waited += 1
                if self._waited > _MAKING:
                    raise
                return None
            self._look_at = now + _LOOK
        return self._table

    def _give_up(self, error: OSError) -> None:
        self.close()
        why = error.strerror or str(error)
        where = f": {error.filename}" if error.filename else ""
        self._tell(
            "warning: other jobs of this machine are not known, so the delay of hosts is this"
            f" job's own ({why}{where})"
        )
