"""A stop at a chosen step, for runs that must end as if nothing had happened."""

import itertools
import os
import signal

from calcisim.studies import execute


def after_steps(count):
    """What asks a simulation to stop once it has gone so many steps."""
    steps = itertools.count(1)
    return lambda: next(steps) == count


def stopping(after):
    """The real engine, with a Ctrl-C in its step `after` of this process."""
    real = execute.engine()
    count = 0

    class Stopping(real.simulation()):
        def advance(self, until, should_stop, progress):
            def noticed(now):
                nonlocal count
                count += 1
                if count == after:
                    os.kill(os.getpid(), signal.SIGINT)
                progress(now)

            return super().advance(until, should_stop, noticed)

    return execute.Engine(real.load, real.dump, lambda: Stopping, real.memory)
