"""Rehearsals: cases told step by step and played against a fresh gateway with a steered clock."""
