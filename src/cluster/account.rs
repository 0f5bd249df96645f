//! Entries of the system's user database, and the unprivileged account that a
//! server started by root runs as.

use std::path::PathBuf;

use nix::unistd::{Uid, User};

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
    User::from_uid(Uid::from_raw(uid)).ok()?.map(Account::from)
}

/// The account with this name, if there is one.
fn by_name(name: &str) -> Option<Account> {
    User::from_name(name).ok()?.map(Account::from)
}

/// The name of the user as whom this process runs, where the user database (also that of a
/// directory service) has one.
pub fn user_name() -> Option<String> {
    by_id(effective_user()).map(|account| account.name)
}

impl From<User> for Account {
    fn from(user: User) -> Self {
        Self {
            name: user.name,
            uid: user.uid.as_raw(),
            gid: user.gid.as_raw(),
            home: user.dir,
        }
    }
}

/// The account for a server that root starts: the one that owns the data
/// already, if it is a real unprivileged account; else the first of
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
