//! Entries of the system's user database, and the unprivileged account that a
//! server started by root runs as.

use std::ffi::{CStr, CString, OsString};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// One entry of the user database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) home: PathBuf,
}

/// Accounts that a server started by root may run as, best first.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// The effective user id of this process.
pub(super) fn effective_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The account with this user id, if there is one.
pub(super) fn by_id(uid: u32) -> Option<Account> {
    look_up(|entry, buffer, found| {
        // SAFETY: every pointer is valid for the call, and the length is the buffer's own.
        unsafe { libc::getpwuid_r(uid, entry, buffer.as_mut_ptr(), buffer.len(), found) }
    })
}

/// The account with this name, if there is one.
fn by_name(name: &str) -> Option<Account> {
    let name = CString::new(name).ok()?;
    look_up(|entry, buffer, found| {
        // SAFETY: as above; the name ends in NUL.
        unsafe {
            libc::getpwnam_r(
                name.as_ptr(),
                entry,
                buffer.as_mut_ptr(),
                buffer.len(),
                found,
            )
        }
    })
}

/// The account for a server that root starts: the one that owns the data
/// already, where it is a real unprivileged account; else the first of
/// [`UNPRIVILEGED`] that exists.
pub(super) fn for_server(owner: Option<u32>) -> Option<Account> {
    owner
        .filter(|uid| *uid != 0)
        .and_then(by_id)
        .or_else(|| UNPRIVILEGED.into_iter().find_map(by_name))
        .filter(|account| account.uid != 0)
}

/// The name of a user id for messages: its account, else the number.
pub(super) fn display_name(uid: u32) -> String {
    by_id(uid).map_or_else(|| uid.to_string(), |account| account.name)
}

fn look_up(
    call: impl Fn(&mut libc::passwd, &mut [libc::c_char], &mut *mut libc::passwd) -> libc::c_int,
) -> Option<Account> {
    let mut size = 1024;
    loop {
        let mut buffer = vec![0 as libc::c_char; size];
        // SAFETY: passwd is a plain C struct for which all zeroes is a valid value.
        let mut entry: libc::passwd = unsafe { std::mem::zeroed() };
        let mut found: *mut libc::passwd = std::ptr::null_mut();
        match call(&mut entry, &mut buffer, &mut found) {
            0 if found.is_null() => return None,
            0 => {
                // SAFETY: on success the fields point to strings inside the
                // buffer, which outlives this block.
                let text = |pointer: *const libc::c_char| unsafe {
                    (!pointer.is_null()).then(|| CStr::from_ptr(pointer).to_bytes().to_vec())
                };
                return Some(Account {
                    name: String::from_utf8_lossy(&text(entry.pw_name)?).into_owned(),
                    uid: entry.pw_uid,
                    gid: entry.pw_gid,
                    home: PathBuf::from(OsString::from_vec(text(entry.pw_dir)?)),
                });
            }
            libc::ERANGE if size < 1 << 20 => size *= 4,
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_found_by_id_and_by_name() {
        let root = by_id(0).expect("every system has a root account");
        assert_eq!(by_name(&root.name), Some(root));
        assert_eq!(by_name("no such account"), None);
    }

    #[test]
    fn a_server_never_runs_as_root() {
        assert!(for_server(Some(0)).is_none_or(|account| account.uid != 0));
        assert!(for_server(None).is_none_or(|account| account.uid != 0));
    }
}
