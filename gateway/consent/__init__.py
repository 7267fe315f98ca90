"""What a client agreed to. Pure: values in, new values and events out."""
