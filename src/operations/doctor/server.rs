//! The server: its version, its encoding, its clock, its room.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Finding, bad, said};
use crate::operations::Backend;
use crate::store::health;
use crate::words::grouped;

/// The oldest PostgreSQL that is tried with toolcat.
const OLDEST: i32 = 140_000;

/// How far the two clocks may be apart, in seconds.
const CLOCK: f64 = 5.0;

/// How much room should be left on the disk of the local server, in bytes.
const ROOM: u64 = 1 << 30;

pub(super) fn server_state(server: &health::Server, place: &str) -> Finding {
    if server.connections * 10 >= server.most_connections * 9 {
        return bad(
            format!(
                "{} of {} connections are in use",
                server.connections, server.most_connections
            ),
            said("raise max_connections, or put a pool such as PgBouncer in front"),
        );
    }
    let kind = match (server.is_replica, server.is_read_only) {
        (true, _) => ", a replica: it can only be read",
        (false, true) => ", read-only unless a session says otherwise",
        (false, false) => "",
    };
    Ok(format!("reached at {place} as {}{kind}", server.role))
}

pub(super) fn version(server: &health::Server) -> Finding {
    let found = format!("PostgreSQL {}", server.version);
    match server.version_number {
        number if number < OLDEST => bad(found, said("install PostgreSQL 14 or newer")),
        _ => Ok(found),
    }
}

pub(super) fn encoding(server: &health::Server) -> Finding {
    match server.encoding.as_str() {
        "UTF8" => Ok("UTF8".to_owned()),
        other => bad(
            format!("the database is in {other}, which cannot hold every name"),
            said("create the database with ENCODING 'UTF8'"),
        ),
    }
}

pub(super) fn clock(server: &health::Server) -> Finding {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_secs_f64();
    let apart = (server.clock - now).abs();
    if apart > CLOCK {
        return bad(
            format!("this machine and the server are {apart:.0} s apart"),
            said(
                "let both follow a time server (NTP); times of telemetry and audit disagree otherwise",
            ),
        );
    }
    Ok("this machine and the server agree".to_owned())
}

/// Room on the disk, where the server is toolcat's own; another one's disk cannot be seen from here.
pub(super) fn disk(backend: &Backend, server: &health::Server) -> Finding {
    let megabytes = |bytes: u64| grouped(usize::try_from(bytes >> 20).unwrap_or(usize::MAX));
    let used = megabytes(u64::try_from(server.database_bytes).unwrap_or(0));
    let cluster = backend.cluster();
    let Some(room) = cluster.and_then(|it| rustix::fs::statvfs(it.home()).ok()) else {
        return Ok(format!(
            "the database takes {used} MB; room on its server cannot be seen from here"
        ));
    };
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    let found = format!(
        "the database takes {used} MB, {} MB are free",
        megabytes(free)
    );
    match free {
        free if free < ROOM => bad(found, said("make room on the disk of the local server")),
        _ => Ok(found),
    }
}
