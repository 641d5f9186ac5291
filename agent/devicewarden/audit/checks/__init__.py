"""Checks of what both inventories give: `audit.subject` -> findings. Pure."""
