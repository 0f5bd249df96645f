//! The lock that keeps two processes from starting, stopping or removing one
//! cluster at the same time.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use super::error::ClusterError;

/// How often a waiting process looks again.
const INTERVAL: Duration = Duration::from_millis(20);

/// An exclusive lock, released when dropped or when the process ends.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock on the file `path`, made if need be, waiting for up to
    /// `wait`; calls `on_wait` once if it has to wait at all.
    pub(super) fn acquire(
        path: &Path,
        wait: Duration,
        on_wait: impl FnOnce(),
    ) -> Result<Self, ClusterError> {
        let begun = Instant::now();
        let mut on_wait = Some(on_wait);
        loop {
            if let Some(lock) = Self::attempt(path)? {
                return Ok(lock);
            }
            if begun.elapsed() >= wait {
                return Err(ClusterError::LockTimeout {
                    seconds: wait.as_secs(),
                });
            }
            if let Some(on_wait) = on_wait.take() {
                on_wait();
            }
            std::thread::sleep(INTERVAL);
        }
    }

    fn attempt(path: &Path) -> Result<Option<Self>, ClusterError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(path)
            .map_err(|source| ClusterError::file("open", path, source))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => {
                return Err(ClusterError::file("lock", path, error));
            }
        }
        // Whoever removed the cluster removed the file: then this lock is on
        // a file that no other process will find.
        let same = file.metadata().is_ok_and(|mine| {
            std::fs::metadata(path)
                .is_ok_and(|there| (there.dev(), there.ino()) == (mine.dev(), mine.ino()))
        });
        Ok(same.then_some(Self { _file: file }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_waits_and_then_gives_up() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("lock");
        let first = Lock::acquire(&path, Duration::ZERO, || ()).unwrap();
        let error = Lock::acquire(&path, Duration::ZERO, || ()).unwrap_err();
        assert!(matches!(error, ClusterError::LockTimeout { .. }));
        drop(first);
        Lock::acquire(&path, Duration::ZERO, || ()).unwrap();
    }

    #[test]
    fn a_lock_on_a_removed_file_is_no_obstacle() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("lock");
        let _first = Lock::acquire(&path, Duration::ZERO, || ()).unwrap();
        std::fs::remove_file(&path).unwrap();
        Lock::acquire(&path, Duration::ZERO, || ()).unwrap();
    }
}
