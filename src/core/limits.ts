/**
 * Every bound with its unit and its reason. Bounds that clients meet are in the contract (`../shared/API.md`,
 * `/openapi.json`).
 */

// --- requests ---
/** Part of the contract; a batch of 1,000 such events fits in 300 MB. */
export const MAX_DATA_BYTES = 256 * 1024;
/** `data` and everything around it: type, ids, white space, and as many bytes of unknown fields again. */
export const MAX_EVENT_BODY_BYTES = MAX_DATA_BYTES + 256 * 1024;
/** Twice the size of an endpoint with maximum patterns, filter, certificates and headers. */
export const MAX_ADMIN_BODY_BYTES = 256 * 1024;
/** Deeper JSON is refused, because receivers' parsers are recursive. */
export const MAX_JSON_DEPTH = 128;
/** Events in a batch sent as a JSON array; larger batches use NDJSON, which is unbounded. */
export const MAX_BATCH_ITEMS = 1_000;
export const MAX_BATCH_BODY_BYTES = 16 * 1024 * 1024;
/** The connection is closed when no byte arrives, or none of the answer is read, for this long. */
export const NDJSON_IDLE_MS = 30_000;
/** Time for one line, from its first byte to its last: a client that sent a byte every 9 s held half a line forever. */
export const NDJSON_LINE_TIMEOUT_MS = 30_000;
/** Below this rate a line's time is shortened, but never below the grace, because a producer may write lines in parts. */
export const MIN_NDJSON_BYTES_PER_SECOND = 64;
export const NDJSON_LINE_GRACE_MS = 10_000;
export const MAX_TYPE_LENGTH = 255;
export const MAX_DEDUP_ID_LENGTH = 255;
export const MAX_ORDERING_KEY_LENGTH = 255;
export const MAX_DELIVER_AHEAD_MS = 30 * 86_400_000;
/** Hops through this service's own webhooks before a request counts as a loop. */
export const MAX_HOPS = 10;
/** Time for a whole body, from its first byte to its last; a slower one is answered with 408. */
export const BODY_TIMEOUT_MS = 30_000;
export const HEADERS_TIMEOUT_MS = 10_000;
export const MAX_HEADER_BYTES = 16 * 1024;
/** Length of a `Content-Type`; the longest in use, with OData parameters, has 120. */
export const MAX_MEDIA_TYPE_CHARACTERS = 256;
/** Idle time between two requests. Longer than a load balancer's (AWS: 60 s), so that the service never closes first. */
export const KEEP_ALIVE_MS = 72_000;

// --- idempotency keys ---
/** Stored first answers per organization; the oldest are removed beyond this. */
export const MAX_IDEMPOTENCY_KEYS = 10_000;
/** The answer of a batch of 1,000 has 130 KB. A larger answer is not stored, and the request runs again. */
export const MAX_IDEMPOTENT_ANSWER_CHARACTERS = 256 * 1024;
/** A request without an answer after this time was lost with its process; the longest takes half of it. */
export const IDEMPOTENT_REQUEST_MS = 60_000;

// --- budgets of bytes ---
/**
 * Memory for request bodies, from their first byte to the answer: four full batches per organization, twelve in all.
 * Without the bound 40 half-sent batches took 640 MB.
 */
export const MAX_BODY_BYTES_OF_ORGANIZATION = 4 * MAX_BATCH_BODY_BYTES;
export const MAX_BODY_BYTES_OVER_ALL = 12 * MAX_BATCH_BODY_BYTES;
/** Memory for incomplete events on the fast path, before authentication; a few ms each. */
export const MAX_HALF_REQUEST_BYTES = 16 * 1024 * 1024;
/**
 * Overhead of a chunked body besides its data and 16 bytes per chunk: extensions, and the parser's read-ahead. Node
 * bounds extensions per chunk (16 KiB) only, so a body of one megabyte could have gigabytes of them.
 */
export const MAX_CHUNK_OVERHEAD_BYTES = 256 * 1024;

// --- reading ---
/** Concurrent long reads per process, per organization and in all; each may print a page of 8 MB. */
export const MAX_READS_OF_ORGANIZATION = 4;
export const MAX_READS = 12;
/** Waiting long reads per organization; a waiting read is little more than a connection. */
export const MAX_WAITING_READS = 200;
/**
 * Connections per organization (and of all unauthenticated clients together) whose expensive bytes wait for a turn.
 * Each holds up to 128 KB that the kernel held before; further ones are closed.
 */
export const MAX_WAITING_CONNECTIONS_OF_ORGANIZATION = 256;
/** Time per turn of the event loop for pieces of long reads, without printing them. */
export const READ_TURN_MS = 2;
/** Deliveries shown with their event: as many as an organization may have endpoints. `GET /api/deliveries` lists all. */
export const MAX_DELIVERIES_OF_EVENT = 10_000;
/** Rows of a list read at once: 1 to 2 ms on the embedded engine. */
export const READ_PIECE_ROWS = 250;

// --- answers ---
/** A list or a lease ends with the row that reaches this size, even with fewer rows than requested. */
export const MAX_PAGE_BYTES = 8 * 1024 * 1024;
/** Bytes read from the store at once: a few ms of the event loop, then others have their turn. */
export const READ_PIECE_BYTES = 512 * 1024;
/**
 * Memory for answers that clients have not read yet: eight full pages per organization, sixteen in all. Without the
 * bound 100 unread lists took 1.2 GB.
 */
export const MAX_ANSWER_BYTES_OF_ORGANIZATION = 8 * MAX_PAGE_BYTES;
export const MAX_ANSWER_BYTES_OVER_ALL = 16 * MAX_PAGE_BYTES;
/** Smaller answers fit the kernel's buffer of a connection and are not counted. */
export const SMALL_ANSWER_BYTES = 16 * 1024;
/** Base time for a client to read its answer, plus a time by its length: 8 MB in 90 s. A slower client is disconnected. */
export const ANSWER_STALL_MS = 30_000;
export const MIN_ANSWER_BYTES_PER_SECOND = 128 * 1024;
/** A connection without traffic during a request is closed after this time. A test of an endpoint takes up to 30 s. */
export const SILENT_CONNECTION_MS = 60_000;

// --- lists ---
export const DEFAULT_LIST_LIMIT = 50;
export const MAX_LIST_LIMIT = 1_000;

// --- endpoints ---
export const MAX_URL_LENGTH = 2_048;
export const MAX_DESCRIPTION_LENGTH = 1_000;
export const MAX_EVENT_TYPE_PATTERNS = 100;
export const MAX_CUSTOM_HEADERS = 64;
export const MAX_CUSTOM_HEADER_BYTES = 8 * 1024;
export const MAX_ENDPOINT_CONCURRENCY = 100;
export const MAX_ENDPOINT_TIMEOUT_SECONDS = 30;
export const MAX_ENDPOINT_ATTEMPTS = 20;
/** How long a rotated secret may keep signing. */
export const MAX_SECRET_GRACE_SECONDS = 7 * 86_400;
/** A PEM text with a short certificate chain. */
export const MAX_CERTIFICATE_CHARACTERS = 24 * 1024;
/** A filter's JSON text. */
export const MAX_FILTER_CHARACTERS = 16 * 1024;
/** Attempts per second. */
export const MAX_ENDPOINT_RATE = 10_000;
/** Events in one request, for batching endpoints. */
export const MAX_BATCH_EVENTS = 100;
export const MAX_BATCH_SECONDS = 300;
/** Endpoints named in one replay. */
export const MAX_REPLAY_ENDPOINTS = 100;
/** Manual retries of one delivery that are queued while it is in flight. */
export const MAX_FURTHER_SENDS = 10;
/** No attempt is scheduled later than this after its event. */
export const MAX_RETRY_DEADLINE_MS = 30 * 86_400_000;
export const MAX_RETRY_PAUSE_MS = 7 * 86_400_000;
/** Fan-out scans them for each event. */
export const MAX_ENDPOINTS_PER_ORGANIZATION = 10_000;

// --- delivery ---
/** Jitter of a retry's delay (± share), so that deliveries that failed together are not all retried together. */
export const RETRY_JITTER = 0.1;
/** A receiver's `Retry-After` is honored up to this. */
export const MAX_RETRY_AFTER_MS = 3_600_000;
/** Bytes read from a response body before the connection is closed. */
export const MAX_RESPONSE_READ_BYTES = 64 * 1024;
/**
 * All bytes of a response, including interim responses, the reason phrase, empty lines before the status line, and
 * chunk extensions. Without the bound an endless response came in at 700 MB/s until the deadline.
 */
export const MAX_RESPONSE_WIRE_BYTES = 256 * 1024;
/** Status lines, fields and empty lines of a response and of the interim responses before it, in bytes. */
export const MAX_RESPONSE_HEAD_BYTES = 64 * 1024;
/** Length of an attempt's error detail. */
export const MAX_ERROR_DETAIL_CHARACTERS = 300;
/** Bytes of a response body that are stored. */
export const MAX_RESPONSE_EXCERPT_BYTES = 4 * 1024;
/** Consecutive failures of any kind that open an endpoint's circuit breaker. */
export const BREAKER_FAILURES = 10;
/**
 * A delivery's lease exceeds the endpoint's timeout by this, so that no second attempt starts while the first may still
 * succeed.
 */
export const LEASE_MARGIN_MS = 5_000;

// --- inbox ---
export const DEFAULT_LEASE_LIMIT = 10;
export const MAX_LEASE_LIMIT = 1_000;
export const DEFAULT_LEASE_SECONDS = 300;
export const MAX_LEASE_SECONDS = 43_200;
export const MAX_WAIT_SECONDS = 20;
export const MAX_ACK_IDS = 1_000;
/** Leases without an acknowledgement after which a message is quarantined. */
export const DEFAULT_MAX_LEASES = 10;

// --- live tail ---
/**
 * Activities per second that one process publishes for one organization: nobody reads faster, and publishing must not
 * slow accepting.
 */
export const MAX_ACTIVITY_PER_SECOND = 1_000;
/** The same in characters; 100 watchers of it take 100 MB/s on the wire. */
export const MAX_ACTIVITY_CHARACTERS_PER_SECOND = 1024 * 1024;
export const MAX_STREAMS_PER_ORGANIZATION = 100;
/**
 * Pattern characters of all streams of one organization: each activity is matched against them at 30 ns per character.
 * 60 streams with 14,000 characters each blocked the event loop for 25 s with a batch of 1,000 events. A single stream
 * may use what fits in a request.
 */
export const MAX_STREAM_PATTERN_CHARACTERS = 10_000;
/** Streams in all; each is a connection with a queue of at most 1 MB. */
export const MAX_STREAMS = 1_000;
/** A stream's queue; what does not fit is read from the record. */
export const MAX_STREAM_QUEUE_CHARACTERS = 1024 * 1024;
/**
 * Queue overflows in a row, without a read in between, before a watcher is disconnected. More than a second of activity
 * of several processes may arrive at once: disconnected by the first megabyte, a watcher could read nothing.
 */
export const MAX_STREAM_OVERFLOWS = 8;
/**
 * All queues of a process, half of the bound for answers: beyond it the organization with the largest queues loses its
 * longest.
 */
export const MAX_STREAM_QUEUES_CHARACTERS = MAX_ANSWER_BYTES_OVER_ALL / 2;
/** Missed events that a resuming watcher is shown; after a longer absence it has to use the lists. */
export const MAX_MISSED_EVENTS = 10_000;
/** Each event is matched against all inboxes. */
export const MAX_INBOXES_PER_ORGANIZATION = 100;
/** Quarantined messages per inbox are counted exactly up to this number: an index range of that length, 0.1 ms. */
export const MAX_COUNTED_QUARANTINED = 1_000;
/** Quarantined messages that one requeue request scans, in steps: a few hundred ms on both engines. */
export const MAX_REQUEUED = 10_000;
/** Messages per requeue step; a few ms of the writer. */
export const REQUEUE_STEP = 500;
export const MAX_INBOX_LEASES = 1_000;
/**
 * Cached types that were matched against patterns, and the patterns, in characters: 10,000 types of maximum length take
 * 3 million. An organization's share holds two such lists.
 */
export const MAX_KNOWN_TYPE_CHARACTERS = 32_000_000;
export const MAX_KNOWN_TYPE_CHARACTERS_OF_ORGANIZATION = 8_000_000;

// --- keys ---
export const MAX_KEYS_PER_ORGANIZATION = 100;
export const MAX_NAME_LENGTH = 200;
export const MAX_KEY_GRACE_SECONDS = 7 * 86_400;
/** Wrong credentials per minute from one address before it has to wait. Requests with valid credentials are still served. */
export const MAX_WRONG_ADMIN_TOKENS = 20;
export const MAX_WRONG_KEYS = 300;
