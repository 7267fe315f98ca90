"""Parts that tests are built from: programs and worlds of our own, no tests."""
