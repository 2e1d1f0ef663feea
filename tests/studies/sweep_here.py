"""An executor without processes, for studies whose place does not matter; it can break at some tasks, or stop after some."""

from calcisim.studies.executor import Done, guarded


class Here:
    """Tasks one after the other in this process. errors: Done's by key in place of a run; last: how many tasks before it ends."""

    def __init__(self, errors=None, last=None):
        self.errors, self.last, self.ran = errors or {}, last, []

    def run(self, function, tasks, memory=None, say=lambda text: None, stop=lambda: False):
        for key, arguments in list(tasks.items())[: self.last]:
            self.ran.append(key)
            if key in self.errors:
                yield Done(key, None, *self.errors[key])
            else:
                value, error, again = guarded(function, arguments)
                yield Done(key, value, error, again)
