"""From a request to the experts that serve it, or to none: pure, and in a millisecond or two."""
