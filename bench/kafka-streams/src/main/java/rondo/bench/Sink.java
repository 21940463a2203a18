package rondo.bench;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Writes events' tasks to Postgres: the rows and positions of a poll are one transaction. */
final class Sink implements Runnable, ConsumerRebalanceListener {
  private final Run run;
  private final KafkaConsumer<String, Work.Changed> consumer;
  private final Connection connection;
  private final PreparedStatement begin;
  private final PreparedStatement move;
  private final PreparedStatement upsert;
  private final Map<TopicPartition, Long> positions = new HashMap<>();

  Sink(Run run, String upsert) throws SQLException {
    this.run = run;
    this.consumer =
        new KafkaConsumer<>(settings(run), new StringDeserializer(), Work.serde(Work.Changed.class).deserializer());
    this.connection = connect(URI.create(run.postgres()));
    this.connection.setAutoCommit(false);
    this.begin = connection.prepareStatement("set local synchronous_commit = off");
    this.move =
        connection.prepareStatement(
            "update rondo.positions set position = ? where topic = ? and partition = ? and position = ?");
    this.upsert = connection.prepareStatement(upsert);
  }

  private static Connection connect(URI dsn) throws SQLException {
    String[] account = dsn.getUserInfo().split(":");
    String address = "jdbc:postgresql://" + dsn.getHost() + ":" + dsn.getPort() + dsn.getPath();
    return DriverManager.getConnection(address, account[0], account[1]);
  }

  private static Properties settings(Run run) {
    Properties settings = new Properties();
    settings.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, run.kafka());
    settings.put(ConsumerConfig.GROUP_ID_CONFIG, run.id() + "-sink");
    settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 2000);
    return settings;
  }

  /** Reads the statement by which every implementation writes. */
  static String upsert(Path file) throws java.io.IOException {
    return Files.readString(file).replaceAll("\\$\\d", "?");
  }

  void stop() {
    consumer.wakeup();
  }

  @Override
  public void run() {
    try (consumer; connection) {
      consumer.subscribe(List.of(run.events()), this);
      while (true) {
        ConsumerRecords<String, Work.Changed> records = consumer.poll(Duration.ofSeconds(1));
        if (!records.isEmpty()) {
          write(records);
        }
      }
    } catch (WakeupException asked) {
      return;
    } catch (SQLException error) {
      throw new IllegalStateException(error);
    }
  }

  private void write(ConsumerRecords<String, Work.Changed> records) throws SQLException {
    begin.execute();
    for (TopicPartition partition : records.partitions()) {
      List<ConsumerRecord<String, Work.Changed>> its = records.records(partition);
      advance(partition, its.get(its.size() - 1).offset() + 1);
    }
    List<Work.Task> tasks = new ArrayList<>(records.count());
    records.forEach(record -> tasks.add(record.value().task()));
    put(tasks);
    connection.commit();
  }

  private void advance(TopicPartition partition, long next) throws SQLException {
    move.setLong(1, next);
    move.setString(2, partition.topic());
    move.setInt(3, partition.partition());
    move.setLong(4, positions.get(partition));
    if (move.executeUpdate() != 1) {
      throw new IllegalStateException("Another worker writes " + partition + ".");
    }
    positions.put(partition, next);
  }

  private void put(List<Work.Task> tasks) throws SQLException {
    column(1, "text", tasks, Work.Task::id);
    column(2, "text", tasks, Work.Task::user);
    column(3, "text", tasks, Work.Task::title);
    column(4, "int4", tasks, Work.Task::priority);
    column(5, "bool", tasks, Work.Task::done);
    column(6, "int8", tasks, Work.Task::version);
    column(7, "text", tasks, Work.Task::command);
    upsert.executeUpdate();
  }

  private <T> void column(int number, String type, List<Work.Task> tasks, Function<Work.Task, T> field)
      throws SQLException {
    upsert.setArray(number, connection.createArrayOf(type, tasks.stream().map(field).toArray()));
  }

  @Override
  public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
    partitions.forEach(positions::remove);
  }

  @Override
  public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
    try {
      for (TopicPartition partition : partitions) {
        positions.put(partition, position(partition));
        consumer.seek(partition, positions.get(partition));
      }
      connection.commit();
    } catch (SQLException error) {
      throw new IllegalStateException(error);
    }
  }

  private long position(TopicPartition partition) throws SQLException {
    try (PreparedStatement start =
        connection.prepareStatement(
            "with begun as (insert into rondo.positions (topic, partition, position) values (?, ?, 0)"
                + " on conflict do nothing returning position)"
                + " select position from begun union all"
                + " select position from rondo.positions where topic = ? and partition = ?")) {
      start.setString(1, partition.topic());
      start.setInt(2, partition.partition());
      start.setString(3, partition.topic());
      start.setInt(4, partition.partition());
      try (ResultSet found = start.executeQuery()) {
        found.next();
        return found.getLong(1);
      }
    }
  }
}
