"""The real engine with a Ctrl-C at a chosen step, for runs that must end as if nothing had happened."""

import os
import signal

from calcisim.studies import execute


def stopping(after):
    """The simulation, with a Ctrl-C in its step `after` of this process."""
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
