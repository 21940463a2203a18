package rondo.bench;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;

/** What to read and write: bench/run.py's {@code Run}. */
@JsonIgnoreProperties(ignoreUnknown = true)
record Run(String id, String kafka, String postgres, String directory, String commands, String events) {}
