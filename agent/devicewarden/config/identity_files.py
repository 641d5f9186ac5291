"""Names under the state folder, of what the device keeps of its own identity."""

from typing import Final

FOLDER: Final = "identity"
CURRENT: Final = "current"
"""A symbolic link to the generation in force; renaming it is what puts another one in force."""

FACTS: Final = "identity.json"
PLAN: Final = "rotation.json"
"""How far a rotation is; there only while one is under way, or was interrupted."""
