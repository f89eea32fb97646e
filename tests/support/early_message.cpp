// A program whose initialisers are heard, for tests/integration/processor.py.
#include <cstdio>

namespace {
const int kHeard = std::puts("initialised");
}

int main() { return kHeard < 0 ? 1 : 0; }
