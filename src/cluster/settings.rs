//! The settings of a small private server.

/// Appended to `postgresql.conf` when a cluster is initialised; the user may
/// change them there or with `ALTER SYSTEM`.
pub(super) const CONFIGURATION: &str = "
# --- settings of toolcat's private server ---
max_connections = 200
shared_buffers = 128MB
huge_pages = off
# Parallel queries share memory in files of the data directory: /dev/shm may
# be missing or tiny (containers), or be swept when the user logs out.
dynamic_shared_memory_type = mmap
# Queries are short; compiling them would take longer than running them.
jit = off
# No replicas and no archive, only crash recovery.
wal_level = minimal
max_wal_senders = 0
max_wal_size = 512MB
min_wal_size = 32MB
# Starts, stops and failures of the server. Failed statements go to the client
# and are not written down, so the log stays small and holds no values.
log_min_messages = log
log_min_error_statement = panic
log_checkpoints = off
log_line_prefix = '%m [%p] '
cluster_name = 'toolcat'
";

/// The whole of `pg_hba.conf`: the socket's folder admits its owner only, so
/// whoever gets as far as the socket is trusted; there is no other way in.
pub(super) const ACCESS: &str = "\
# The socket is in a folder of mode 0700 and no TCP port is open.
local all all trust
";

/// Settings given on the server's command line, which nothing overrides: what
/// keeps the server private, and where its socket is (relative to the data
/// directory, so that the path may be of any length).
pub(super) fn fixed(socket_folder: &str) -> Vec<String> {
    vec![
        "listen_addresses=".to_owned(),
        format!("unix_socket_directories={socket_folder}"),
        "unix_socket_permissions=0700".to_owned(),
        format!("port={}", super::layout::PORT),
        "logging_collector=off".to_owned(),
        "log_destination=stderr".to_owned(),
    ]
}

/// Settings of a throw-away server, which loses data in a crash of the machine
/// (not in one of the server).
pub(super) const THROW_AWAY: [&str; 2] = ["fsync=off", "full_page_writes=off"];
