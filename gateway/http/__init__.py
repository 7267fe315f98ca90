"""The machine edge: parse, call one function, render. It decides nothing."""
