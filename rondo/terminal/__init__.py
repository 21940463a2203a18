"""Terminal input and output, as pure functions: dates, ids, sentences, tables."""
