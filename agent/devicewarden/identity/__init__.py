"""Keys of this device, and requests for certificates of them. For processes that end soon."""
