"""The front door: parse, call one function, print, return a status. Decides nothing."""
