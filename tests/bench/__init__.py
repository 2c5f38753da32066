"""Benchmarks of whole processes; run by ``make bench``, never by the tests."""
