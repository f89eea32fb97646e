// A target needs a source; this one is there for the precompiled header of the unit tests.
