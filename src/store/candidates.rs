//! What a selection reads: the patterns of the tools that may be chosen, and nothing else.
