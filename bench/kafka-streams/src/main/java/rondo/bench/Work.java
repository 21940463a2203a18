package rondo.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** The work of bench/work.py: commands, their effect on a task, and the JSON of both. */
final class Work {
  record Command(String type, String id, String user, long at, String task, String title, int priority) {}

  record Task(
      String type, String id, String user, String title, int priority, boolean done, long version, String command) {}

  record Changed(String type, String id, String user, long at, Task task) {}

  private static final ObjectMapper JSON = new ObjectMapper();

  private Work() {}

  /** Returns the task after a command; {@code task} is null before the first. */
  static Task apply(Task task, Command command) {
    if (command.type().equals("create")) {
      long version = task == null ? 1 : task.version() + 1;
      return new Task(
          "task", command.task(), command.user(), command.title(), command.priority(), false, version, command.id());
    }
    if (task == null) {
      throw new IllegalStateException("There is no task " + command.task() + ": the commands were not read in order.");
    }
    boolean done = task.done() || command.type().equals("complete");
    int priority = command.type().equals("update") ? command.priority() : task.priority();
    return new Task(
        "task", task.id(), task.user(), task.title(), priority, done, task.version() + 1, command.id());
  }

  static <T> Serde<T> serde(Class<T> type) {
    ObjectReader reader = JSON.readerFor(type);
    ObjectWriter writer = JSON.writerFor(type);
    return Serdes.serdeFrom(
        (topic, value) -> value == null ? null : bytes(writer, value),
        (topic, data) -> data == null ? null : read(reader, data));
  }

  private static byte[] bytes(ObjectWriter writer, Object value) {
    try {
      return writer.writeValueAsBytes(value);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  private static <T> T read(ObjectReader reader, byte[] data) {
    try {
      return reader.readValue(data);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }
}
