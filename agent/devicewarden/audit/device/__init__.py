"""Read this device -> subjects of checks, and the checks of the host itself."""
