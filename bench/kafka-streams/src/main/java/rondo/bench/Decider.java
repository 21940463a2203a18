package rondo.bench;

import java.util.Properties;
import java.util.Set;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/** Looks a task up, applies the command, stores it with a changelog, emits the event. */
final class Decider implements Processor<String, Work.Command, String, Work.Changed> {
  private static final String STORE = "tasks";

  private ProcessorContext<String, Work.Changed> context;
  private KeyValueStore<String, Work.Task> tasks;

  @Override
  public void init(ProcessorContext<String, Work.Changed> context) {
    this.context = context;
    this.tasks = context.getStateStore(STORE);
  }

  @Override
  public void process(Record<String, Work.Command> record) {
    Work.Command command = record.value();
    Work.Task task = Work.apply(tasks.get(command.task()), command);
    tasks.put(task.id(), task);
    context.forward(
        record.withValue(new Work.Changed("changed", command.id(), command.user(), command.at(), task)));
  }

  static Topology topology(Run run) {
    Serde<String> text = Serdes.String();
    Serde<Work.Command> commands = Work.serde(Work.Command.class);
    Serde<Work.Changed> events = Work.serde(Work.Changed.class);
    Topology topology = new Topology();
    topology.addSource("commands", text.deserializer(), commands.deserializer(), run.commands());
    topology.addProcessor("decider", supplier(), "commands");
    topology.addSink("events", run.events(), text.serializer(), events.serializer(), "decider");
    return topology;
  }

  private static ProcessorSupplier<String, Work.Command, String, Work.Changed> supplier() {
    StoreBuilder<?> store =
        Stores.keyValueStoreBuilder(
            Stores.persistentKeyValueStore(STORE), Serdes.String(), Work.serde(Work.Task.class));
    return new ProcessorSupplier<>() {
      @Override
      public Decider get() {
        return new Decider();
      }

      @Override
      public Set<StoreBuilder<?>> stores() {
        return Set.of(store);
      }
    };
  }

  static Properties settings(Run run) {
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, run.id());
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, run.kafka());
    settings.put(StreamsConfig.STATE_DIR_CONFIG, run.directory() + "/state");
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
    return settings;
  }
}
