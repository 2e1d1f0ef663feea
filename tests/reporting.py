"""Runs that reports are made of, and a reader of the HTML that comes out."""

from html.parser import HTMLParser

from calcisim.studies import execute
from calcisim.studies.progress import Reporter

TRICKY = "<script>alert('x')</script> & \"joint\" </script>"


def run(place, name, *sets, days=None, quick=True, engine=None, seed=None):
    """A run in `place`; its directory."""
    request = execute.Request(name, tuple(sets), days, seed, 1, quick, place, command=f"calcisim run {name}")
    execute.start(request, Reporter(), engine or execute.engine())
    return place


class Page(HTMLParser):
    """What tests ask of a page: its elements in order, their texts, and what they refer to."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self._open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self._open.append(len(self.elements) - 1)
        self.texts.append([])

    def handle_endtag(self, tag):
        while self._open and self.elements[self._open.pop()][0] != tag:
            pass

    def handle_data(self, data):
        for number in self._open:
            self.texts[number].append(data)

    def all(self, tag, **wanted):
        """(attributes, text) of the elements with this tag and these attributes (data_name stands for data-name)."""
        wanted = {key.rstrip("_").replace("_", "-"): value for key, value in wanted.items()}
        return [
            (attributes, " ".join("".join(self.texts[number]).split()))
            for number, (found, attributes) in enumerate(self.elements)
            if found == tag and all(attributes.get(key) == value for key, value in wanted.items())
        ]

    def ids(self):
        return [attributes["id"] for _, attributes in self.elements if "id" in attributes]

    def references(self):
        """Everything that an element points to."""
        names = ("src", "href", "srcset", "action", "data", "poster", "formaction", "background")
        return [attributes[name] for _, attributes in self.elements for name in names if attributes.get(name)]
