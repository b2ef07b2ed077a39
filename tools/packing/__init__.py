"""What a device gets instead of the modules as they are written: the same program, smaller."""
