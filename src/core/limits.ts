/** Every bound with its unit and its reason. What clients meet is in the contract (`../shared/API.md`, `/openapi.json`). */

// --- requests ---
/** The contract's; 1,000 of them still fit a batch in 300 MB. */
export const MAX_DATA_BYTES = 256 * 1024;
/** `data` and everything around it: type, ids, white space, unknown fields up to as much again. */
export const MAX_EVENT_BODY_BYTES = MAX_DATA_BYTES + 256 * 1024;
/** An endpoint with all it may have (patterns, filter, certificates, headers) comes to half of it. */
export const MAX_ADMIN_BODY_BYTES = 256 * 1024;
/** Deeper JSON is refused: receivers' own parsers recurse. */
export const MAX_JSON_DEPTH = 128;
/** Of a batch as one JSON array; more goes as NDJSON, which has no end. */
export const MAX_BATCH_ITEMS = 1_000;
export const MAX_BATCH_BODY_BYTES = 16 * 1024 * 1024;
/** No byte for so long, or none taken of the answer: the connection is cut. */
export const NDJSON_IDLE_MS = 30_000;
/** From a line's first byte to its last, as for a body; a drip of a byte every 9 s held half a line for ever. */
export const NDJSON_LINE_TIMEOUT_MS = 30_000;
/** Slower than this, a line has less time than that, but never less than the grace: a producer may write half lines. */
export const MIN_NDJSON_BYTES_PER_SECOND = 64;
export const NDJSON_LINE_GRACE_MS = 10_000;
export const MAX_TYPE_LENGTH = 255;
export const MAX_DEDUP_ID_LENGTH = 255;
export const MAX_ORDERING_KEY_LENGTH = 255;
export const MAX_DELIVER_AHEAD_MS = 30 * 86_400_000;
/** Passes through this service's own webhooks before a request counts as a loop. */
export const MAX_HOPS = 10;
/** A whole body, from its first byte to its last; a drip is cut off with 408. */
export const BODY_TIMEOUT_MS = 30_000;
export const HEADERS_TIMEOUT_MS = 10_000;
export const MAX_HEADER_BYTES = 16 * 1024;
/** A `Content-Type`: the longest in use, with OData's parameters, has 120. */
export const MAX_MEDIA_TYPE_CHARACTERS = 256;
/** Between two requests. Longer than a load balancer keeps its own (AWS: 60 s), so that it is never we who close under one. */
export const KEEP_ALIVE_MS = 72_000;

// --- idempotency keys ---
/** Of one organization, whose first answers are kept at once; beyond, the oldest are forgotten. */
export const MAX_IDEMPOTENCY_KEYS = 10_000;
/** A batch of 1,000 answers with 130 KB. A larger answer is not kept: the request is made again. */
export const MAX_IDEMPOTENT_ANSWER_CHARACTERS = 256 * 1024;
/** A request that is not answered after so long was lost with its process: the longest takes half of it. */
export const IDEMPOTENT_REQUEST_MS = 60_000;

// --- budgets of bytes ---
/**
 * Of request bodies from their first byte to the answer: four whole batches of an organization, and twelve over all. 40
 * half-sent batches were 640 MB.
 */
export const MAX_BODY_BYTES_OF_ORGANIZATION = 4 * MAX_BATCH_BODY_BYTES;
export const MAX_BODY_BYTES_OVER_ALL = 12 * MAX_BATCH_BODY_BYTES;
/** Of events whose rest is to come, on the fast path, before anybody looks at their keys; some ms each. */
export const MAX_HALF_REQUEST_BYTES = 16 * 1024 * 1024;
/**
 * Of a chunked body beside its data and 16 bytes a chunk: extensions, and what the parser has read ahead. Node bounds them
 * per chunk (16 KiB): a body of a megabyte could have gigabytes of them.
 */
export const MAX_CHUNK_OVERHEAD_BYTES = 256 * 1024;

// --- reading ---
/** Long reads of one organization at the same time in one process, and of all; each may print a page of 8 MB. */
export const MAX_READS_OF_ORGANIZATION = 4;
export const MAX_READS = 12;
/** And so many of one organization that wait for a slot; a waiting one is a connection and little more. */
export const MAX_WAITING_READS = 200;
/**
 * Connections of one organization, or of all strangers, whose bytes are dear to parse and wait for a turn. Each holds up to
 * 128 KB that the kernel held before; one more is closed.
 */
export const MAX_WAITING_CONNECTIONS_OF_ORGANIZATION = 256;
/** Of a turn of the event loop, for pieces of long reads: what they print comes on top. */
export const READ_TURN_MS = 2;
/** Rows of a list that are read at once: 1 to 2 ms of the embedded engine. */
export const READ_PIECE_ROWS = 250;

// --- answers ---
/** A list or a lease ends with the row that reaches this, with fewer rows than were asked for. */
export const MAX_PAGE_BYTES = 8 * 1024 * 1024;
/** Read from the store at once: a few ms of the loop, then others have their turn. */
export const READ_PIECE_BYTES = 512 * 1024;
/**
 * Of answers that their clients have not taken: eight whole pages of an organization, sixteen over all. 100 lists that
 * nobody read were 1.2 GB.
 */
export const MAX_ANSWER_BYTES_OF_ORGANIZATION = 8 * MAX_PAGE_BYTES;
export const MAX_ANSWER_BYTES_OVER_ALL = 16 * MAX_PAGE_BYTES;
/** Smaller ones fit what the kernel keeps of a connection anyway, and are not counted. */
export const SMALL_ANSWER_BYTES = 16 * 1024;
/** For a client to take its answer, besides a time by its length: 8 MB in a minute and a half. Who is slower is cut. */
export const ANSWER_STALL_MS = 30_000;
export const MIN_ANSWER_BYTES_PER_SECOND = 128 * 1024;
/** Nothing comes or goes on a connection while a request is under way: it is cut. A test of an endpoint takes 30 s. */
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
/** How long a secret that was rotated out may sign on. */
export const MAX_SECRET_GRACE_SECONDS = 7 * 86_400;
/** A PEM text: a chain of a few. */
export const MAX_CERTIFICATE_CHARACTERS = 24 * 1024;
/** A filter as JSON. */
export const MAX_FILTER_CHARACTERS = 16 * 1024;
/** Attempts a second. */
export const MAX_ENDPOINT_RATE = 10_000;
/** In one request, for receivers that take several at once. */
export const MAX_BATCH_EVENTS = 100;
export const MAX_BATCH_SECONDS = 300;
/** Named in one replay. */
export const MAX_REPLAY_ENDPOINTS = 100;
/** Sendings of one delivery that are asked for by hand while it is under way already. */
export const MAX_FURTHER_SENDS = 10;
/** No attempt is planned for later. */
export const MAX_RETRY_DEADLINE_MS = 30 * 86_400_000;
export const MAX_RETRY_PAUSE_MS = 7 * 86_400_000;
/** Fan-out is one pass over them for each event. */
export const MAX_ENDPOINTS_PER_ORGANIZATION = 10_000;

// --- delivery ---
/** ± share of a retry's pause, so that what failed together does not come back together. */
export const RETRY_JITTER = 0.1;
/** A receiver's `Retry-After` is obeyed up to this. */
export const MAX_RETRY_AFTER_MS = 3_600_000;
/** Read from a response before the connection is dropped. */
export const MAX_RESPONSE_READ_BYTES = 64 * 1024;
/**
 * Of a response as it comes, with all that is counted nowhere else: interim ones, the reason phrase, empty lines before the
 * status line, extensions of chunks. Endless ones came in at 700 MB/s until the deadline.
 */
export const MAX_RESPONSE_WIRE_BYTES = 256 * 1024;
/** Status lines, fields and empty lines of a response and of the interim ones before it, as they come. */
export const MAX_RESPONSE_HEAD_BYTES = 64 * 1024;
/** What was wrong with an attempt, in words. */
export const MAX_ERROR_DETAIL_CHARACTERS = 300;
/** Kept from a response, to look at. */
export const MAX_RESPONSE_EXCERPT_BYTES = 4 * 1024;
/** Failures in a row, of whatever kind, after which an endpoint's breaker opens: it rests, then gets one attempt at a time. */
export const BREAKER_FAILURES = 10;
/** A lease outlives its endpoint's time-out by this, so that no second sender starts while the first may still succeed. */
export const LEASE_MARGIN_MS = 5_000;

// --- inbox ---
export const DEFAULT_LEASE_LIMIT = 10;
export const MAX_LEASE_LIMIT = 1_000;
export const DEFAULT_LEASE_SECONDS = 300;
export const MAX_LEASE_SECONDS = 43_200;
export const MAX_WAIT_SECONDS = 20;
export const MAX_ACK_IDS = 1_000;
/** Leases without an ack after which an event is quarantined in an inbox. */
export const DEFAULT_MAX_LEASES = 10;

// --- live tail ---
/** Of one organization, told by one process: beyond that nobody reads along, and telling must not slow accepting. */
export const MAX_ACTIVITY_PER_SECOND = 1_000;
/** The same in characters; 100 readers of it are 100 MB/s on the wire. */
export const MAX_ACTIVITY_CHARACTERS_PER_SECOND = 1024 * 1024;
export const MAX_STREAMS_PER_ORGANIZATION = 100;
/**
 * Of the patterns of one organization's streams: each is held against each activity, 30 ns a character. 60 streams of 14,000
 * held the event loop for 25 s with a batch of 1,000 events. One stream alone may have what fits a request.
 */
export const MAX_STREAM_PATTERN_CHARACTERS = 10_000;
/** Each is a connection and a megabyte at most that waits for its reader. */
export const MAX_STREAMS = 1_000;
/** What waits for a reader; what comes on top it reads from the record. */
export const MAX_STREAM_QUEUE_CHARACTERS = 1024 * 1024;
/**
 * So often in a row, without a look of the reader in between, before it is cut. More than a second of what several
 * processes tell at once, which may come in one piece: cut by the first megabyte, a reader could read none of it.
 */
export const MAX_STREAM_OVERFLOWS = 8;
/** Over all streams of a process, half of what all answers may be: then the organization with most loses its longest. */
export const MAX_STREAM_QUEUES_CHARACTERS = MAX_ANSWER_BYTES_OVER_ALL / 2;
/** Events looked through for a reader that comes back; who was away for longer has the lists. */
export const MAX_MISSED_EVENTS = 10_000;
/** Each event costs a look at all of them. */
export const MAX_INBOXES_PER_ORGANIZATION = 100;
/** Quarantined messages are counted exactly up to here, in each inbox: a range of an index of so many entries, 0.1 ms. */
export const MAX_COUNTED_QUARANTINED = 1_000;
/** Quarantined messages that one request to requeue them all looks at, in steps: some hundred ms of both engines. */
export const MAX_REQUEUED = 10_000;
/** In one step; a few ms of the writer. */
export const REQUEUE_STEP = 500;
export const MAX_INBOX_LEASES = 1_000;
/**
 * Of types that were matched against patterns, and of the patterns: 10,000 types of the greatest length are 3 million. The
 * organization's share holds two such lists.
 */
export const MAX_KNOWN_TYPE_CHARACTERS = 32_000_000;
export const MAX_KNOWN_TYPE_CHARACTERS_OF_ORGANIZATION = 8_000_000;

// --- keys ---
export const MAX_KEYS_PER_ORGANIZATION = 100;
export const MAX_NAME_LENGTH = 200;
export const MAX_KEY_GRACE_SECONDS = 7 * 86_400;
/** Wrong credentials a minute from one address; then it has to wait. With a right key it is served all the same. */
export const MAX_WRONG_ADMIN_TOKENS = 20;
export const MAX_WRONG_KEYS = 300;
