"""Calls by name -> AWS's answers, or why there is none. The caller says which may be made."""
