package rondo.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.Properties;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/**
 * The stage by Kafka Streams and the sink beside it, in one JVM: {@code Main <run> <upsert.sql> <settings>}, the
 * last being settings of Kafka Streams besides those of {@link Decider}.
 */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) throws Exception {
    ObjectMapper json = new ObjectMapper();
    Run run = json.readValue(arguments[0], Run.class);
    Properties decides = Decider.settings(run);
    decides.putAll(json.readValue(arguments[2], Properties.class));
    Sink sink = new Sink(run, Sink.upsert(Path.of(arguments[1])));
    Thread sinking = new Thread(sink, "sink");
    sinking.setUncaughtExceptionHandler((thread, error) -> end(error));
    KafkaStreams streams = new KafkaStreams(Decider.topology(run), decides);
    streams.setUncaughtExceptionHandler(
        error -> {
          error.printStackTrace();
          return StreamThreadExceptionResponse.SHUTDOWN_APPLICATION;
        });
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  sink.stop();
                  streams.close();
                }));
    streams.start();
    sinking.start();
    sinking.join();
  }

  private static void end(Throwable error) {
    error.printStackTrace();
    Runtime.getRuntime().halt(1);
  }
}
