package rondo.bench;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What to read and write: bench/run.py's {@code Run}. */
record Run(
    String id,
    String kafka,
    String postgres,
    String directory,
    String commands,
    String events,
    @JsonProperty("partitions") int partitions) {}
