"""Violation or finding -> plan -> apply, undo. Only this room changes the host."""
