/**
 * Ports that webhooks may not reach: their services read commands from lines or bytes that a tenant's body could
 * contain, or serve data to their own network only. The list is that of browsers (WHATWG Fetch, "bad port") without the
 * unused ones below 20 (port 9 is a common "nobody listens"), plus the default ports of databases, caches, queues and
 * container hosts.
 */
export const DEFAULT_BLOCKED_PORTS: readonly number[] = [
  // File transfer, shells, mail, names.
  20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123,
  // Windows, management, directories, mail over TLS, remote shells and printers.
  135, 137, 138, 139, 143, 161, 162, 179, 389, 427, 445, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554,
  556, 563, 587, 601, 636, 873, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3389, 3659, 4045, 4190, 5060, 5061, 5900,
  6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
  // SQL Server, Oracle, ZooKeeper, Docker, etcd, MySQL, PostgreSQL, AMQP, Redis, Cassandra, Kafka.
  1433, 1521, 2181, 2375, 2376, 2379, 2380, 3306, 5432, 5671, 5672, 6379, 6380, 9042, 9092,
  // Elasticsearch between nodes, kubelet, memcached, Redis Sentinel, MongoDB.
  9300, 10250, 10255, 11211, 26379, 27017, 27018, 27019,
];
