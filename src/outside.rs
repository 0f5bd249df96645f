//! What a run takes from outside itself besides its input: the time, and chance where no secret hangs on it.
//!
//! Two variables of the environment freeze them, for tests and for outputs that are compared:
//! `TOOLCAT_CLOCK` holds a time, `TOOLCAT_SEED` any text. The database has a clock of its own, and tokens,
//! sessions and the log of a server follow neither variable.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

static CLOCK: LazyLock<Option<DateTime<Utc>>> =
    LazyLock::new(|| frozen_time(&std::env::var("TOOLCAT_CLOCK").ok()?));

static SEED: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("TOOLCAT_SEED").ok());

/// The ids that were made of the seed.
static MADE: AtomicU64 = AtomicU64::new(0);

fn frozen_time(text: &str) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    Some(time.to_utc())
}

/// The present time, or the frozen one.
pub fn now() -> DateTime<Utc> {
    CLOCK.unwrap_or_else(Utc::now)
}

/// A random id; of a seed that is given, always the same in the same order.
pub fn random_id() -> Uuid {
    match &*SEED {
        Some(seed) => id_of(seed, MADE.fetch_add(1, Ordering::Relaxed)),
        None => Uuid::new_v4(),
    }
}

fn id_of(seed: &str, number: u64) -> Uuid {
    let hash = Sha256::new()
        .chain_update(number.to_be_bytes())
        .chain_update(seed)
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    Builder::from_random_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_frozen_by_a_time_alone() {
        let time = frozen_time("2026-01-31T12:00:00+02:00").expect("a time");
        assert_eq!(time.to_rfc3339(), "2026-01-31T10:00:00+00:00");
        assert_eq!(frozen_time("yesterday"), None);
    }

    #[test]
    fn a_seed_gives_the_same_ids_in_the_same_order() {
        assert_eq!(id_of("a", 0), id_of("a", 0));
        assert_ne!(id_of("a", 0), id_of("a", 1));
        assert_ne!(id_of("a", 0), id_of("b", 0));
        assert_eq!(id_of("a", 0).get_version_num(), 4);
    }
}
