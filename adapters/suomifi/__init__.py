"""Suomi.fi: the register of mandates, with its simulator."""
