"""What people type and see on a terminal, purely: dates, ids, sentences, tables."""
