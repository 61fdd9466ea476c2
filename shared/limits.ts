/** Every bound of Lanvault in one place, each with its reason. Sizes in bytes, times in milliseconds. */

const KIB = 1024;
export const MIB = 1024 * KIB;
const SECOND = 1000;

// --- formats -------------------------------------------------------------------------------------------------
/** Plaintext bytes of a block; fixed, so that seeking is O(1). */
export const BLOCK_BYTES = MIB;
/** Verifier in front of every chunk's body. */
export const VERIFIER_BYTES = 32;
/** Fernet frame: version 1 + timestamp 8 + IV 16 + HMAC 32. */
export const FERNET_OVERHEAD_BYTES = 57;
/** The largest chunk: a full block stored `none`, padded to the next 16 bytes, framed, with its verifier. */
export const MAX_CHUNK_BYTES = VERIFIER_BYTES + FERNET_OVERHEAD_BYTES + BLOCK_BYTES + 16;
/** The smallest chunk: one padded AES block. */
export const MIN_CHUNK_BYTES = VERIFIER_BYTES + FERNET_OVERHEAD_BYTES + 16;
/** Chunks of one manifest: a file of 1 TiB. */
export const MAX_CHUNKS_PER_FILE = 2 ** 20;
/** UTF-8 bytes of a file name in a manifest, or of one part of its relative path: what common file systems take. */
export const MAX_FILENAME_BYTES = 255;
/** UTF-8 bytes of a relative path in a manifest (PATH_MAX of Linux). */
export const MAX_PATH_BYTES = 4096;
/** Characters of a media type in a manifest (RFC 6838 §4.2: 127 + '/' + 127). */
export const MAX_MEDIA_TYPE_CHARS = 255;
/** Bytes of a manifest's JSON text: 2²⁰ rows of at most 256 bytes, and a header. */
export const MAX_MANIFEST_BYTES = MAX_CHUNKS_PER_FILE * 256 + 64 * KIB;
/** Rights to delete that go with one file: each of its chunks, what its upload gave up, and what leads to it. */
export const MAX_DELETION_RIGHTS = MAX_CHUNKS_PER_FILE + 16_384;
/** Payload of a capability link: fits one block. */
export const MAX_CAPABILITY_PAYLOAD_BYTES = MIB;
/** Bytes of one string, number or run of spaces, and nesting of values, in a manifest's JSON: more than any field has. */
export const MAX_JSON_TOKEN_BYTES = 64 * KIB;
export const MAX_JSON_DEPTH = 32;
/** Payloads that one capability link may lead to: 2²⁰ rows take about 150, whoever packs them. */
export const MAX_CAPABILITY_PAYLOADS = 1024;
/** Nesting of capability payloads: 4 levels of ~8,000 links reach far past 2²⁰ chunks. */
export const MAX_CAPABILITY_DEPTH = 4;
/** A block that shrinks by less than this share is stored as it is. */
export const MIN_COMPRESSION_GAIN = 0.03;

// --- placement -----------------------------------------------------------------------------------------------
/** Replicas of a chunk. */
export const REPLICAS = 5;
/** Relays nearest to a key among which its holders are chosen. */
export const NEIGHBOURHOOD = 20;
/** A declared capacity counts at most this many times the median, so that one liar does not draw all chunks. */
export const MAX_CAPACITY_RATIO = 4;

// --- engine --------------------------------------------------------------------------------------------------
/** Sealed chunks waiting for or in the network at once: 8 × 1 MiB hides latency and bounds memory. */
export const UPLOADS_IN_FLIGHT = 8;
/** Blocks read ahead of the consumer of a download. */
export const READ_AHEAD_BLOCKS = 8;
/** Before the first latency sample, a second holder is asked after this long. */
export const HEDGE_INITIAL_MS = 250;
/** The adaptive hedge delay stays within these. */
export const HEDGE_MIN_MS = 50;
export const HEDGE_MAX_MS = 2 * SECOND;
/** One replica's fetch may take this long at most; slower is as good as lost (1 MiB at 35 KiB/s). */
export const CHUNK_GET_TIMEOUT_MS = 30 * SECOND;
/** One chunk's send with fan-out to five relays. */
export const CHUNK_PUT_TIMEOUT_MS = 60 * SECOND;
/** Small JSON requests. */
export const REQUEST_TIMEOUT_MS = 10 * SECOND;
/** Rounds of one chunk's placement over relays that failed for a passing reason, or with the entry relay out of reach. */
export const PUT_ATTEMPTS = 4;
/** Sends of one chunk in all: a hostile entry relay could name new relays for ever. */
export const MAX_PUT_SENDS = 64;
/** Rounds over all holders before a chunk counts as lost. */
export const GET_ROUNDS = 2;
/** How long a membership view is used before it is asked for again. */
export const MEMBERS_MAX_AGE_MS = 5 * SECOND;
/** Bytes of a JSON answer that a client reads. */
export const MAX_JSON_ANSWER_BYTES = 4 * MIB;
/** Bytes of an error answer that a client reads, and characters of its message that a person is shown. */
export const MAX_ERROR_ANSWER_BYTES = 16 * KIB;
export const MAX_ERROR_MESSAGE_CHARS = 300;
/** Receipts of one answer that a client checks; a signature costs up to a millisecond, and 8 are asked for at most. */
export const MAX_RECEIPTS_READ = 32;
/** Pause before a second try, doubled each time up to the second figure. */
export const BACKOFF_FIRST_MS = 200;
export const BACKOFF_MAX_MS = 3 * SECOND;
/** Tries of a request that a relay turns away with RATE_LIMITED: about 10 s of backoff. */
export const RATE_LIMIT_TRIES = 8;
/** Tries to learn the members when a transfer begins. */
export const MEMBERS_TRIES = 3;
/** Replicas of one chunk fetched at once: five holders may hang, and the sixth still answers within seconds. */
export const MAX_PARALLEL_TRIES = 6;
/** Latency samples behind the hedge delay. */
export const LATENCY_SAMPLES = 64;
/** A relay that sent garbage, hung or refused is asked after the others for this long. */
export const PENALTY_MS = 30 * SECOND;
/** The same for one that was merely overtaken by a relay asked later. */
export const SLOW_PENALTY_MS = 5 * SECOND;
/** Relays with a penalty that a client remembers. */
export const MAX_PENALISED_RELAYS = 256;
/** One batch of deletions: the relay asks the holders, and answers after `DELETE_CONFIRM_TIMEOUT_MS` at the latest. */
export const DELETE_BATCH_TIMEOUT_MS = 30 * SECOND;
/** Chunks of one such batch: enough to make it worth its confirmations, and few to do again when it is cut off. */
export const DELETE_BATCH_CHUNKS = 500;
/** Tries of a batch, and of one page of an inventory, where nobody answers. */
export const DELETE_TRIES = 3;
export const INVENTORY_TRIES = 2;
/** One page of a relay's inventory; several requests between relays, the last of which may hang. */
export const INVENTORY_PAGE_TIMEOUT_MS = 30 * SECOND;
/** Rows of a client's page of an inventory, and of all that it holds of all relays' at once: 300 bytes each. */
export const INVENTORY_PAGE_ROWS = 1000;
export const MAX_INVENTORY_ROWS_HELD = 64_000;
/** Inventories read at once. */
export const MAX_PARALLEL_INVENTORIES = 8;
/** Rows read of one relay: 16 TiB of chunks; a relay must not keep its client turning pages. */
export const MAX_INVENTORY_ROWS = 2 ** 24;
/** Chunks that prune compares with the vault's database in one reading of it: 30 MiB. */
export const PRUNE_BATCH_CHUNKS = 2 ** 18;
/** Chunks that one run of prune lists and deletes: the next run goes on. */
export const MAX_PRUNE_CHUNKS = 2 ** 17;
/** Blocks of own files that one look at all relays counts, of 1 TiB: 50 bytes each. */
export const MAX_USAGE_BLOCKS = 2 ** 20;
/** Chunks on all relays up to which the Storage view looks by itself, and more only when asked to: 250 bytes each over the network. */
export const MAX_CHUNKS_CHECKED_UNASKED = 20_000;
/** A chunk younger than this is never pruned, whatever the database says. */
export const PRUNE_MIN_AGE_MS = 3600 * SECOND;
/** A worker without a job is ended after this long; its memory (15 MB of LZMA encoder) goes with it. */
export const WORKER_IDLE_MS = 30 * SECOND;

// --- relay, HTTP ---------------------------------------------------------------------------------------------
/** Rows of one page of `/peers` and `/chunks`. */
export const PAGE_ROWS = 1000;
/** As many as a client may ask for: a page of a few MB. */
export const MAX_PAGE_ROWS = 10_000;
/** JSON with a few ids, proofs or one address in it. */
export const MAX_SMALL_BODY_BYTES = KIB;
/** Inventories read out at once: a slice of each, 200 rows, comes between two other requests. One client's share is what it asks for at once. */
export const MAX_CONCURRENT_INVENTORIES = 32;
/** Characters of a relay's address as a person types it: a host name of 253, brackets, a scheme and a port. */
export const MAX_RELAY_ADDRESS_CHARS = 300;
/** Relays that one relay stays joined to because its operator asked: each costs a link and a timer. */
export const MAX_ADDED_RELAYS = 64;
/** Relays that are added at once. */
export const MAX_CONCURRENT_ADDS = 4;
/** How long an operator waits until a relay that is added has proven itself: two answers and a handshake. */
export const ADD_RELAY_TIMEOUT_MS = 15 * SECOND;
/** Members that one relay knows; more than any LAN that one swarm is meant for. */
export const MAX_PEERS = 4096;
/** Relays that one PUT may name. */
export const MAX_REPLICATE_TO = 8;
/** Client nonce of a receipt. */
export const NONCE_BYTES = 16;
/** PUT bodies held in memory for fan-out at once: 64 × 1 MiB. */
export const MAX_CONCURRENT_PUTS = 64;
/** Of these and the next, what one client's address may have, unless it is loopback: twice a client's sends in flight. */
export const GATE_SHARE_OF_CLIENT = 1 / 4;
/** Proxied GETs held in memory at once. */
export const MAX_CONCURRENT_PROXIED_GETS = 64;
/** Requests of one client under way at once. */
export const MAX_REQUESTS_PER_CLIENT = 128;
/** Requests per second of one remote client, and of one on loopback (a whole test rig comes from there). */
export const REQUESTS_PER_SECOND_REMOTE = 500;
export const REQUESTS_PER_SECOND_LOOPBACK = 5000;
/** A request's headers must arrive within this. */
export const HEADERS_TIMEOUT_MS = 10 * SECOND;
/** A body must move at least this often, and be whole within `BODY_TIMEOUT_MS`: slow-loris ends here. */
export const BODY_IDLE_TIMEOUT_MS = 10 * SECOND;
export const BODY_TIMEOUT_MS = 60 * SECOND;
/**
 * Where a relay takes in as many bodies as it can, one that comes slower than this gives way to the next: what a client takes for lost
 * too, 1 MiB in 30 s. It is judged once it has been waited for so long.
 */
export const MIN_BODY_BYTES_PER_SECOND = 35 * KIB;
export const SLOW_BODY_AFTER_MS = 2 * SECOND;
/** `/events` listeners, and the bytes that may wait for a slow one before it is cut off. */
export const MAX_EVENT_LISTENERS = 256;
export const MAX_EVENT_BACKLOG_BYTES = MIB;
/** Unknown ids remembered, so that asking again costs no lookup. */
export const NEGATIVE_CACHE_ENTRIES = 10_000;
export const NEGATIVE_CACHE_TTL_MS = 5 * SECOND;
/** A fault that lasts says the same with every request: so often within the window, then it is counted. */
export const LOG_REPEATS = 10;
export const LOG_REPEATS_WINDOW_MS = 60 * SECOND;
/** Different messages whose repeats are counted: more than a relay has. */
export const MAX_LOG_MESSAGES = 500;
/** Causes of an error that are logged with it. */
export const MAX_LOGGED_CAUSES = 3;
/** Free bytes on the file system that a relay never uses. */
export const FREE_SPACE_FLOOR_BYTES = 64 * MIB;

// --- relay, swarm --------------------------------------------------------------------------------------------
export const DEFAULT_DISCOVERY_PORT = 9999;
export const MAX_DATAGRAM_BYTES = 512;
export const HELLO_INTERVAL_MS = SECOND;
/** Relays on one host beyond which each stretches its interval, so that a host's beacons stay bounded. */
export const HELLO_STRETCH_ABOVE = 20;
/** However many relays a host claims to run, its beacons are expected this often. */
export const MAX_BEACON_INTERVAL_MS = 10 * SECOND;
/** Verified addresses kept for one relay: IPv4 and IPv6 on two interfaces. */
export const MAX_PEER_ADDRESSES = 4;
/** Datagrams a second that a relay handles; the rest is dropped unread. */
export const MAX_DATAGRAMS_PER_SECOND = 1000;
/** Senders whose last beacon is remembered, so that the same bytes need no parsing: two per relay. */
export const MAX_CACHED_BEACONS = 2 * MAX_PEERS;
export const SUSPECT_AFTER_MS = 3 * SECOND;
export const GONE_AFTER_MS = 10 * SECOND;
/** Links kept open; the least recently used idle one gives way. */
export const MAX_LINKS = 64;
export const MAX_INBOUND_LINKS = 256;
export const LINK_HANDSHAKE_TIMEOUT_MS = 5 * SECOND;
export const LINK_IDLE_TIMEOUT_MS = 30 * SECOND;
export const LINK_REQUEST_TIMEOUT_MS = 20 * SECOND;
/** Requests under way on one link; each may hold one chunk. */
export const MAX_REQUESTS_PER_LINK = 32;
/** Links to one relay, from dials that crossed; the preferred one stays, the others end once idle for this long. */
export const MAX_LINKS_PER_RELAY = 3;
export const LINK_SURPLUS_IDLE_MS = SECOND;
/** An idle link says so this often, and one that is silent for three of them is dead. */
export const LINK_KEEPALIVE_MS = 5 * SECOND;
export const LINK_SILENCE_TIMEOUT_MS = 3 * LINK_KEEPALIVE_MS;
/** A peer whose process turns answers a ping within this. */
export const LINK_PING_TIMEOUT_MS = 2 * SECOND;
/**
 * Small answers that may wait for a peer to read; whoever asks on beyond that loses its link. A peer that keeps to
 * `MAX_REQUESTS_PER_LINK` has few of them unread, and they take about 150 bytes each.
 */
export const MAX_ANSWER_BACKLOG = 8 * MAX_REQUESTS_PER_LINK;
/** Messages that open, reject or close a channel, in a link's life: a peer of ours sends three, and each may be answered. */
export const MAX_LINK_CONTROL_MESSAGES = 64;
/** Chunk bytes in one link message: small enough that several requests interleave. */
export const LINK_BODY_BYTES = 64 * KIB;
/** One encrypted link message: a body frame with its header, or a list of peers. */
export const MAX_LINK_FRAME_BYTES = LINK_BODY_BYTES + KIB;
/** Chunk bytes of requests from links that are held in memory at once, over all links. */
export const MAX_LINK_BUFFER_BYTES = 128 * MIB;
/** Inbound sockets that have not proven who they are; the oldest gives way. */
export const MAX_PENDING_HANDSHAKES = 64;
/** How often one of the relays that are gone is tried, and for how long: a dial costs little, and a network cut in two heals by it. */
export const RECALL_INTERVAL_MS = 5 * SECOND;
export const RECALL_MS = 24 * 3600 * SECOND;
/** Relays heard of and not proven yet; and the dials under way to prove them, in all and to one address. */
export const MAX_CANDIDATES = 1024;
/** Of them, those said to be at one address: many times what a host runs, and the others still have room. */
export const MAX_CANDIDATES_PER_HOST = MAX_CANDIDATES / 4;
export const MAX_VERIFY_DIALS = 6;
export const MAX_VERIFY_DIALS_PER_ADDRESS = 4;
/**
 * Beacons and peer lists can be forged: they keep a relay listed for so long after it has last proven itself over a link. As long as
 * the default grace of repair, so that a forger at most doubles it; and with 50 relays on a host it costs some 7 handshakes a second.
 */
export const UNPROVEN_ALIVE_MS = 300 * SECOND;
/** Dials under way to quiet members. */
export const MAX_PROBE_DIALS = 3;
/**
 * The relay with the smaller id dials; the other one waits this long before it dials itself, and longer the more relays
 * both have to prove, so that fifty relays that start at once do not all dial each other twice.
 */
export const VERIFY_FALLBACK_MS = 3 * SECOND;
export const VERIFY_FALLBACK_PER_CANDIDATE_MS = 100;
/**
 * Of the inbound links and sockets, those of one address, and the members that one address may claim to run: many times what a host
 * has, and whoever makes up identities leaves room for others.
 */
export const MAX_INBOUND_LINKS_PER_ADDRESS = MAX_INBOUND_LINKS / 2;
export const MAX_MEMBERS_PER_ADDRESS = MAX_PEERS / 16;
/** Rows of one peer-exchange message (≤ 200 bytes each, so it fits a frame), and messages sent per link and interval. */
export const PEER_ROWS_PER_MESSAGE = 256;
export const PEER_MESSAGES_PER_INTERVAL = 4;
/** Messages of one link that are read in one interval: two intervals' worth may come at once, and an answer. */
export const MAX_PEER_MESSAGES_READ = 3 * PEER_MESSAGES_PER_INTERVAL;
/** Links that a relay without discovery keeps for peer exchange. */
export const MIN_PEER_EXCHANGE_LINKS = 3;
/** How long `QUERY_CHUNK` answers are awaited. */
export const QUERY_CHUNK_TIMEOUT_MS = 300;

// --- relay, mesh ---------------------------------------------------------------------------------------------
/** Gossip neighbours of a relay: with fewer, single deaths cut a push off; more only repeat what was heard. */
export const MESH_MIN_NEIGHBOURS = 3;
export const MESH_MAX_NEIGHBOURS = 5;
/** Neighbours that a relay was chosen by, besides those next to it on the ring. */
export const MAX_MESH_GUESTS = 2;
/** Links that a relay keeps open, mesh included: with links to spare, a mesh heals at once. */
export const MIN_OPEN_LINKS = 8;
/** Dials under way to have as many. */
export const MAX_SPARE_DIALS = 2;
/** How often a relay looks after its mesh, give or take a quarter; and whom it asks each time, one after the other. */
export const MESH_TURN_MS = SECOND;
export const MAX_GRAFTS_PER_TURN = 8;
/** Answers of neighbours are short and wait for nothing but a dial. */
export const MESH_RPC_TIMEOUT_MS = 2 * SECOND;
/** A neighbour is asked again so often, and one that has not asked for three times that is none. */
export const MESH_RENEW_MS = 10 * SECOND;
export const MESH_LEASE_MS = 3.5 * MESH_RENEW_MS;
/** A neighbour whose link was lost may be back at once: others are asked after this. */
export const MESH_LOSS_PATIENCE_MS = 200;
/** A relay that did not answer is passed over for so long; membership judges meanwhile whether it lives. */
export const MESH_AWAY_MS = 3 * SECOND;
/** Relays that one topology shows; those asked for it at once; how long the whole may take, and is told again. */
export const MAX_TOPOLOGY_RELAYS = 256;
export const TOPOLOGY_PARALLEL_CALLS = 8;
export const TOPOLOGY_TIMEOUT_MS = 2 * SECOND;
export const TOPOLOGY_MAX_AGE_MS = 2 * SECOND;

// --- relay, records and requests between relays --------------------------------------------------------------
/** JSON bytes of one request or answer between relays: one link frame. */
export const MAX_RPC_BYTES = LINK_BODY_BYTES;
/** Requests that one relay has under way on one link, and how long an answer may take. */
export const MAX_RPCS_PER_LINK = 32;
export const LINK_RPC_TIMEOUT_MS = 10 * SECOND;
/** Bytes of answers on one link that may wait for a peer to read: twice what one that keeps to the limit has unread. */
export const MAX_RPC_BACKLOG_BYTES = 2 * MAX_RPCS_PER_LINK * MAX_RPC_BYTES;
/** Ids of one request between relays: 67 characters each, so that they fit a frame with room to spare. */
export const MAX_IDS_PER_RPC = 512;
/** Inventory rows of one request between relays: 290 bytes each, so that they fit a frame. */
export const INVENTORY_ROWS_PER_RPC = 200;
/** Ids that one relay may ask about, and rows that it may read: several times what repair and prune ask as fast as they can. */
export const ASKED_HOLDINGS = { perSecond: 20_000, burst: 200_000 } as const;
/** Bytes of a record's value: a link and a few words, never a file. */
export const MAX_RECORD_VALUE_BYTES = KIB;

// --- relay, DHT ----------------------------------------------------------------------------------------------
/** Relays in one bucket of the routing table and in one answer to a lookup (Kademlia's k), and questions under way at once (α). */
export const DHT_BUCKET = NEIGHBOURHOOD;
export const DHT_PARALLEL = 3;
/** Relays that one lookup asks, and of them those that only others know and a link has to prove first. */
export const MAX_LOOKUP_ASKS = 96;
export const MAX_LOOKUP_DIALS = 48;
/** Hints of one relay that did not prove true in one lookup, before its others are not followed any more. */
export const MAX_FALSE_HINTS = 3;
/** One answer of a lookup, dial included, and the whole lookup, which then ends with what it has. */
export const DHT_ASK_TIMEOUT_MS = 2 * SECOND;
export const LOOKUP_TIMEOUT_MS = 10 * SECOND;
/** How long the relays near a key count as known after a lookup, and the key regions of which that is remembered. */
export const REGION_FRESH_MS = 60 * SECOND;
export const MAX_FRESH_REGIONS = 1024;
/** One holder's answer about records. */
export const RECORD_RPC_TIMEOUT_MS = 3 * SECOND;
/** Records of one message: each takes up to 1.8 KB of JSON. */
export const MAX_RECORDS_PER_RPC = 32;
/** Rows of a list named in one message: 140 bytes each. */
export const RECORD_ROWS_PER_RPC = 256;
/** Keys whose digests one message compares. */
export const MAX_DIGESTS_PER_RPC = 256;
/** Entries of one list: what a client reads as a whole. Full means refuse, never evict. */
export const MAX_LIST_ENTRIES = 4096;
/** Rows of one list, removed entries included: they stay, so that the entries do not come back. */
export const MAX_LIST_ROWS = 5 * MAX_LIST_ENTRIES;
/** The same for one signer in one list: nobody fills a list alone. */
export const MAX_SIGNER_ENTRIES = 16;
export const MAX_SIGNER_ROWS = 4 * MAX_SIGNER_ENTRIES;
/** Rows of lists, and atomic records, that one relay keeps: about half a gigabyte on the disk. */
export const MAX_RECORD_ROWS = 2 ** 18;
export const MAX_ATOMIC_RECORDS = 2 ** 16;
/**
 * Of a list, and of all that a relay keeps, the part that one relay may bring, since signers cost nothing. A list's other holders bring
 * as much each, so that a new one of five has all of a full list.
 */
export const RECORD_SOURCE_SHARE = 1 / 4;
/** Records go to their new holders this long after the last change of the membership, and a random part of it later. */
export const REHOME_DELAY_MS = 2 * SECOND;
/** However often it changes, they go at least this often; and without any change, so that holders that differ converge. */
export const REHOME_MAX_DELAY_MS = 15 * SECOND;
export const REHOME_INTERVAL_MS = 180 * SECOND;
/** Hints of where chunks lie outside their placement, of one relay and in all: about 150 bytes each on the disk. */
export const MAX_PROVIDED_PER_RELAY = 20_000;
export const MAX_PROVIDED = 500_000;
/** Hints a second that are taken from one relay, after as many at once as one may give. */
export const PROVIDED_PER_SECOND = 2000;
/** Storing relays nearest to a chunk that are told who has it. */
export const PROVIDER_REPLICAS = REPLICAS;
/** Pauses between two passes over all chunks for those hints, and before news of single ones is sent. */
export const PROVIDE_INTERVAL_MS = 60 * SECOND;
export const PROVIDE_DELAY_MS = 5 * SECOND;
/** Chunks stored since then that are remembered for it; beyond that, the next pass finds them. */
export const MAX_PROVIDE_QUEUE = 4096;

// --- relay, finding chunks -----------------------------------------------------------------------------------
/** Relays that one answer names as holders of one chunk. */
export const MAX_HOLDER_HINTS = 8;
/** Ids of one question for holders: with all hints, the answer fits a frame. */
export const MAX_HOLDER_IDS = 64;
/** Mesh hops that a question for a chunk travels: neighbours of 3 to 5 reach hundreds of relays in five. */
export const MAX_FORWARD_HOPS = 5;
/** What each hop may take: the first waits for all behind it. */
export const FORWARD_HOP_TIMEOUT_MS = 500;
/** Questions that one relay may pass to this one in a second and at once, and those under way here. */
export const FORWARDS_PER_SECOND = 50;
export const MAX_FORWARDS = 64;
/** Questions remembered, so that none is passed on twice. */
export const MAX_SEEN_QUERIES = 4096;
/** Ids of one request to locate chunks, its JSON bytes, and requests under way at once. */
export const MAX_LOCATE_IDS = 1000;
export const MAX_LOCATE_BODY_BYTES = 96 * KIB;
export const MAX_CONCURRENT_LOCATES = 16;
/** Chunks whose holders a client asks for to tell how safe a file is: all of a 4 GiB file, a sample of a larger one. */
export const MAX_CHUNKS_SURVEYED = 4096;
/** Relays asked at once for one such request; up to `LOCATE_ALL_RELAYS` are all asked, beyond that those near each chunk. */
export const LOCATE_PARALLEL = 8;
export const LOCATE_ALL_RELAYS = 64;
/** JSON bytes of an atomic record: a value of 1 KiB in base64url, key and signature. */
export const MAX_RECORD_BODY_BYTES = 4 * KIB;

// --- public catalog ------------------------------------------------------------------------------------------
/** Lists that the catalog is spread over, so that no five relays carry and answer all of it. */
export const CATALOG_SHARDS = 16;
/** UTF-8 bytes of a publication's name: one part of a path. */
export const MAX_CATALOG_NAME_BYTES = 255;
/** Characters of a search: as long as a name. */
export const MAX_CATALOG_QUERY_CHARS = 255;
/** Rows of one page of `/catalog`: 3 KiB each at most, so that a page stays below `MAX_JSON_ANSWER_BYTES`. */
export const CATALOG_PAGE_ROWS = 200;
export const MAX_CATALOG_PAGE_ROWS = 1000;
/** How long a relay answers from what it has read of a shard: one search reads all of them. */
export const CATALOG_CACHE_MS = 3 * SECOND;
/** Reading one shard may take this long; the others are answered without it. */
export const CATALOG_READ_TIMEOUT_MS = 5 * SECOND;
/** Publishing and unpublishing reach five holders. */
export const CATALOG_WRITE_TIMEOUT_MS = 8 * SECOND;
/** One client's publications and removals a second, and its reads: a search compares every name of the catalog. */
export const CATALOG_WRITES_PER_SECOND_REMOTE = 5;
export const CATALOG_WRITES_PER_SECOND_LOOPBACK = 100;
export const CATALOG_READS_PER_SECOND_REMOTE = 20;
export const CATALOG_READS_PER_SECOND_LOOPBACK = 500;
/** JSON bytes of an entry or a removal: a value of 1 KiB in base64url, key and signature. */
export const MAX_CATALOG_BODY_BYTES = 4 * KIB;
/** Rows, good and bad, that one listing reads of a relay, and the pages: 16 full lists are 65,536 rows. */
export const MAX_CATALOG_ROWS_READ = 100_000;
/** Rows that the web app reads and keeps: beyond, one searches. A page of its list is looked at again this often. */
export const MAX_CATALOG_ROWS_KEPT = 10_000;
export const CATALOG_POLL_MS = 15 * SECOND;
/** What is typed is searched for when the typing pauses. */
export const CATALOG_TYPING_MS = 250;
/** Signatures checked at once: enough for the platform's threads, and an abort is heeded between two such groups. */
export const CATALOG_VERIFY_BATCH = 32;

// --- vault index ---------------------------------------------------------------------------------------------
/** Files and folders of one vault, deleted ones included: about 50 MB of JSON, which a phone still holds. */
export const MAX_INDEX_ENTRIES = 2 ** 17;
/** Steps of a vault's logical clock; more than anybody edits, and exact in any number. */
export const MAX_INDEX_TIME = 2 ** 48;
/** JSON bytes of a part of an index that are aimed at: what one change sends anew. */
export const INDEX_PART_BYTES = 64 * KIB;
/** Parts of one device's index: a power of two. Each holds up to `MAX_CAPABILITY_PAYLOAD_BYTES`. */
export const MAX_INDEX_PARTS = 1024;
/** Parts fetched at once. */
export const INDEX_PARALLEL_PARTS = 4;
/** Devices of one vault: their ids fit one record of `MAX_RECORD_VALUE_BYTES`, sealed. */
export const MAX_VAULT_DEVICES = 32;
/** Tries to write a record that another device of the vault is writing too, and to read an index that is being replaced. */
export const INDEX_WRITE_TRIES = 8;
export const INDEX_READ_TRIES = 3;
/**
 * How often a page that is looked at asks what the vault's other devices have published: three small requests, and one for each device
 * more.
 */
export const VAULT_READ_INTERVAL_MS = 15 * SECOND;
/** A page that is looked at again does not ask anew within so much. */
export const VAULT_READ_PAUSE_MS = 3 * SECOND;
/** Changes of so long are published together. */
export const VAULT_PUBLISH_DELAY_MS = 1.5 * SECOND;
/** After a failure: the first wait, doubled each time up to the last. */
export const VAULT_RETRY_FIRST_MS = 3 * SECOND;
export const VAULT_RETRY_MAX_MS = 60 * SECOND;

// --- relay, deletion and gossip ------------------------------------------------------------------------------
/** Chunks of one request to delete: their answer, with the relays that confirmed each, fits `MAX_JSON_ANSWER_BYTES`. */
export const MAX_DELETE_BATCH = 1000;
/** Relays whose word on one deletion is asked for and told: the neighbourhood, and some of those that are linked. */
export const MAX_CONFIRMING_RELAYS = 56;
/** JSON bytes of a request to delete: 1000 times two hashes and a token. */
export const MAX_DELETE_BODY_BYTES = 512 * KIB;
/** How long a client waits for confirmations: what is missing then is pending. */
export const DELETE_CONFIRM_TIMEOUT_MS = 4 * SECOND;
/** And before that for the body hashes that it did not send. */
export const DELETE_LOOKUP_TIMEOUT_MS = 1.5 * SECOND;
/** Relays that are asked at once on behalf of one request to delete; those that are slow to answer not counted. */
export const MAX_PARALLEL_DELETE_RPCS = 16;
/** Requests to delete under way: each holds up to 1000 tombstones. */
export const MAX_CONCURRENT_DELETES = 16;
/** Tombstones in one message between relays: 165 bytes each. */
export const TOMBSTONES_PER_RPC = 256;
/** How long a tombstone is kept: a relay that was away longer asks others before it serves what it had. */
export const TOMBSTONE_DAYS = 180;
export const TOMBSTONE_KEPT_MS = TOMBSTONE_DAYS * 24 * 3600 * SECOND;
/** Tombstones of chunks not held here that one relay, or all clients together, may bring; about 400 bytes each on the disk. */
export const MAX_TOMBSTONES_PER_SOURCE = 2 ** 18;
/** The same of all sources. */
export const MAX_FOREIGN_TOMBSTONES = 2 ** 20;
/** How often what is too old is forgotten and the time of life is noted. */
export const DELETION_UPKEEP_INTERVAL_MS = 600 * SECOND;
/** How long a relay that starts with chunks looks for a peer to compare tombstones with, before it serves all the same. */
export const BOOT_LONELY_MS = 10 * SECOND;
/** The same with peers there of which none ends a round. */
export const BOOT_PATIENCE_MS = 30 * SECOND;
/** News wait this long for more of it, to neighbours and to other linked relays. */
export const GOSSIP_PUSH_DELAY_MS = 20;
export const GOSSIP_HAVE_DELAY_MS = 500;
/** Ids that wait for one peer; what does not fit is left to anti-entropy. */
export const MAX_GOSSIP_QUEUE = 4096;
/** Sends of one batch to one peer, and the pause before the second, doubled each time. */
export const GOSSIP_TRIES = 3;
export const GOSSIP_RETRY_MS = 500;
/** JSON bytes of the items in one gossip message; the rest of the frame is for its envelope. */
export const MAX_GOSSIP_BATCH_BYTES = 48 * KIB;
export const MAX_GOSSIP_ITEMS = 256;
/** Every relay compares its sets with a random peer this often, give or take a half. */
export const ANTI_ENTROPY_INTERVAL_MS = 30 * SECOND;
/** Ids that are told instead of split further; and ranges in one question: 24 × 32 ids fit a frame. */
export const GOSSIP_LEAF_IDS = 32;
export const MAX_GOSSIP_RANGES = 24;
/** Hex digits of the narrowest range: ids that share more of them are ground by an attacker, and told as they are. */
export const MAX_GOSSIP_PREFIX = 16;
/** Questions of one round: 10⁵ missing ids take about 700. What is left, and what takes longer, is for the next round. */
export const MAX_ANTI_ENTROPY_QUESTIONS = 1000;
export const ANTI_ENTROPY_ROUND_MS = 60 * SECOND;
/** Rounds at once while none has ended since a start or an absence: one slow peer does not keep a relay from serving. */
export const MAX_FIRST_ROUNDS = 3;
/** Gossip items and ranges a second that are taken from one peer, and the burst that is let through. */
export const GOSSIP_ITEMS_PER_SECOND = 5000;
export const GOSSIP_BURST_ITEMS = 50_000;
/** Digests of ranges that are remembered: all of a set of 10⁶ ids. */
export const MAX_CACHED_DIGESTS = 2 ** 17;

// --- relay, care of the data ---------------------------------------------------------------------------------
/** How long a relay may be away before what it held is made anew elsewhere: a reboot with updates takes less. */
export const DEFAULT_REPAIR_GRACE_MS = 300 * SECOND;
/** Bounds of `--repair-grace`: shorter than a relay takes to be noticed gone makes no sense, a week is no grace. */
export const MIN_REPAIR_GRACE_MS = SECOND;
export const MAX_REPAIR_GRACE_MS = 7 * 24 * 3600 * SECOND;
/** How often a relay looks whether there is something to care for. */
export const CARE_TICK_MS = SECOND;
/** All chunks are looked at this often even when no relay came or went. */
export const CARE_PASS_INTERVAL_MS = 3600 * SECOND;
/** Chunks asked about at once, and the pause between two such batches of a pass that nobody waits for. */
export const CARE_BATCH_CHUNKS = 256;
export const CARE_BATCH_PAUSE_MS = 50;
/** Placement orders computed between two chances for other work: about 10 ms. */
export const CARE_SLICE_CHUNKS = 32;
/** Relays asked about a chunk at first, in placement order; the rest of the neighbourhood only when five are not found. */
export const SURVEY_FIRST = 8;
/** Chunks that a relay looks at again soon, and how soon. */
export const MAX_WATCHED_CHUNKS = 10_000;
export const WATCH_INTERVAL_MS = 10 * SECOND;
/** The second holder in order repairs when the first has not for this long, the third after twice as long, and so on. */
export const REPAIR_TURN_MS = 60 * SECOND;
/** Bytes a second that one relay spends on repair and balance, so that clients have most of a gigabit link. */
export const REPAIR_BYTES_PER_SECOND = 32 * MIB;
/** Chunks of repair under way at once, from one relay. */
export const REPAIR_SENDS = 4;
/** Bytes a second that scrub reads: 100 GB in seven hours, unnoticed by any disk. */
export const SCRUB_BYTES_PER_SECOND = 4 * MIB;
/** A relay with few chunks does not begin anew with them before this. */
export const SCRUB_ROUND_MS = 6 * 3600 * SECOND;
/** Chunks offered to a relay in one request, and how long it waits for one that it said it wants. */
export const MAX_OFFERED_CHUNKS = 32;
export const OFFER_RESERVATION_MS = 60 * SECOND;
/** Chunks that a relay waits for at once, in all and from one relay, so that nobody reserves its disk away. */
export const MAX_OFFER_RESERVATIONS = 1024;
export const MAX_OFFER_RESERVATIONS_PER_RELAY = 64;
/** Audits answered at once: each reads and hashes a chunk. */
export const MAX_CONCURRENT_AUDITS = 8;
/** After an audit a relay keeps a surplus chunk for so long: whoever asked may drop its own, relying on it. */
export const KEEP_PROMISE_MS = 60 * SECOND;
export const MAX_KEEP_PROMISES = 16_384;
/** Of them, those to one relay: what a leaving one needs, and one that asks for nothing else leaves room. */
export const MAX_KEEP_PROMISES_PER_RELAY = MAX_KEEP_PROMISES / 4;
/** Hints of surplus that one relay may give: each has a chunk and its holders looked at. The burst is a relay with many to give. */
export const SURPLUS_HINTS = { perSecond: 64, burst: 4096 } as const;
/** A relay that claimed chunks and could not prove them counts as holding nothing for this long. */
export const DISTRUST_MS = 3600 * SECOND;
/** Rotten chunks waiting to be fetched again; those beyond are made anew by the other holders' repair. */
export const MAX_HEALING_CHUNKS = 1024;
/** Rounds over a busy swarm's refusals before a leaving relay gives a chunk up, and the pause between them. */
export const DEPARTURE_ROUNDS = 5;
export const DEPARTURE_PAUSE_MS = 2 * SECOND;
/** A relay that has left answers its operator for so long before it stops. */
export const DEPARTURE_LINGER_MS = 3 * SECOND;
/** How long an operator's request waits for what it started before it answers that it goes on. */
export const OPERATOR_WAIT_MS = 20 * SECOND;

// --- private swarm -------------------------------------------------------------------------------------------
/** How far the time inside a sealed datagram may be from this machine's: clocks of a LAN drift, and older ones are replays. */
export const MAX_SEALED_AGE_MS = 300 * SECOND;
/** A challenge is answered at once; a session lasts a while; a ticket opens one WebSocket. */
export const SESSION_CHALLENGE_TTL_MS = 60 * SECOND;
export const SESSION_TTL_MS = 3600 * SECOND;
export const SESSION_TICKET_TTL_MS = 60 * SECOND;

// --- web app -------------------------------------------------------------------------------------------------
/** Files taken from one share; phones' galleries offer fewer. They wait on the disk until a page takes them. */
export const MAX_SHARED_FILES = 500;
/** Manifests of one file: a whole vault's, `MAX_INDEX_ENTRIES`. */
export const MAX_MANIFESTS_IN_FILE = 2 ** 17;
/** Files taken from one drop or folder pick: each becomes a row, a journal and a manifest. */
export const MAX_PICKED_FILES = 10_000;
/** Nesting of a dropped folder; deeper is a loop or an accident. */
export const MAX_PICKED_DEPTH = 64;
/** Bytes of a text file that a preview fetches and shows. */
export const MAX_TEXT_PREVIEW_BYTES = 256 * KIB;
/** A swarm key file has 44 bytes; more than this was chosen by mistake. */
export const MAX_SWARM_KEY_FILE_BYTES = KIB;
/** Messages shown at once; the oldest gives way. */
export const MAX_NOTICES = 4;
/** Transfers drawn at once; the rest is counted. */
export const MAX_TRANSFER_ROWS = 100;
/** Chunks on a page of a file's details. */
export const CHUNK_ROWS_PAGE = 100;
/** Folders drawn where one is chosen; the rest is found by its name. */
export const MAX_FOLDER_ROWS = 500;
/** File rows drawn at first, and added each time the list's end comes near. */
export const FILE_ROWS_STEP = 150;
/** How often an open Network view asks for the topology: relays tell the same answer for `TOPOLOGY_MAX_AGE_MS` anyway. */
export const NETWORK_POLL_MS = 3 * SECOND;
/** The shortest time between two such questions: each event of the mesh asks for one. */
export const NETWORK_PAUSE_MS = 500;
/** A relay that is gone is still shown for so long, and at most so many: the mesh without it looks as if nothing had happened. */
export const GONE_RELAY_SHOWN_MS = 600 * SECOND;
export const MAX_GONE_RELAYS_SHOWN = 50;
/** How long a change, a relay that joined or made copies, is marked in the picture. */
export const NETWORK_MARK_MS = 15 * SECOND;
/** Events are handed to the page in batches: 50 relays may send hundreds a second. What exceeds a batch is counted only. */
export const EVENT_BATCH_MS = 100;
export const MAX_EVENT_BATCH = 1000;
/** A longer message from the relay is none of the events that we know. */
export const MAX_EVENT_CHARS = 4096;
/** Lines of the event log that are kept of each kind, so that chunks do not push a failure out; and lines drawn. */
export const MAX_LOG_LINES_PER_KIND = 200;
export const MAX_LOG_LINES_DRAWN = 150;
/** Throughput is the mean of so long; relays and chunks that its monitor remembers. */
export const TRAFFIC_WINDOW_MS = 10 * SECOND;
export const MAX_TRAFFIC_RELAYS = 256;
export const MAX_TRAFFIC_CHUNKS = 12;
/** A browser's workers: more than this compress no faster than any LAN takes chunks, and each holds 15 MB of encoder. */
export const MAX_BROWSER_WORKERS = 8;
/**
 * Blocks that one browser worker handles before it is replaced. What WebCrypto leaves behind in a worker counts as little
 * for its collector, and grew with the file: 256 MiB uploaded peaked at 773 MiB of memory, and at 344 with this.
 */
export const JOBS_PER_BROWSER_WORKER = 16;
/** A download without service worker and save picker is collected in memory; beyond this, tabs die. */
export const MAX_MEMORY_DOWNLOAD_BYTES = 1024 * MIB;
/** How long a browser keeps the manifest of a file that was opened by a link and not added: downloads outlive the page. */
export const HELD_FILE_MS = 24 * 3600 * SECOND;
/** Relays that a distribution map shows each by itself; of more, on several hosts, the hosts at first. */
export const MAP_UNFOLDED_RELAYS = 16;
/** Files to choose from in the distribution map; the list of files leads to each. */
export const MAX_MAP_CHOICES = 500;
/** Files whose live check is remembered in a visit. */
export const MAX_FILE_CHECKS = 200;
/** Files offered at once where one of them is chosen; the others are found by their names. */
export const MAX_FILES_OFFERED = 50;
/** Files named in the question before they are deleted; the rest is counted. */
export const MAX_NAMES_ASKED = 5;
/** How often a relay looks whether its certificate still fits: its addresses change when it moves between networks. */
export const CERTIFICATE_LOOK_MS = 60 * SECOND;
/** A certificate is renewed this long before its end: a relay that sleeps for a month wakes with a good one. */
export const CERTIFICATE_RENEWAL_MS = 30 * 86_400 * SECOND;

// --- passphrase of a browser's vault -------------------------------------------------------------------------------

/** OWASP Password Storage Cheat Sheet (2023) for PBKDF2-HMAC-SHA-256; stored with each key, so that it can be raised. */
export const PASSPHRASE_ITERATIONS = 600_000;

/** Guessed without limit by whoever has the disk: shorter ones fall in hours. */
export const MIN_PASSPHRASE_CHARS = 12;

/** Of no use beyond; bounds what is hashed. */
export const MAX_PASSPHRASE_CHARS = 1024;
