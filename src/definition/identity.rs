//! What names a tool: platform, name, version.

use std::fmt;

/// The identity of one version of a tool.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// Where the tool runs.
    pub platform: String,
    /// Its name on that platform.
    pub name: String,
    /// The version of its definition.
    pub version: String,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}@{}", self.platform, self.name, self.version)
    }
}

/// A tool as a user addresses it: `[platform/]name[@version]`.
///
/// Names from real catalogs may hold `/` and `@` themselves (`npm install @angular/cli`), so one
/// text can have several readings; [`ToolRef::readings`] gives them all and the catalog decides.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ToolRef(String);

/// One way of reading a [`ToolRef`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading<'a> {
    /// The platform, where one is named.
    pub platform: Option<&'a str>,
    /// The name.
    pub name: &'a str,
    /// The version, where one is named; the latest otherwise.
    pub version: Option<&'a str>,
}

/// An address that cannot name a tool.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` does not name a tool: expected [PLATFORM/]NAME[@VERSION]")]
pub struct ToolRefError(String);

impl ToolRef {
    /// The address as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Every way of reading the address, the plain name first.
    pub fn readings(&self) -> Vec<Reading<'_>> {
        let mut readings = Vec::new();
        let versions = std::iter::once((self.0.as_str(), None)).chain(
            self.0
                .rmatch_indices('@')
                .map(|(at, _)| (&self.0[..at], Some(&self.0[at + 1..]))),
        );
        for (rest, version) in versions {
            let platforms = std::iter::once((None, rest)).chain(
                rest.split_once('/')
                    .map(|(platform, name)| (Some(platform), name)),
            );
            for (platform, name) in platforms {
                let reading = Reading {
                    platform,
                    name,
                    version,
                };
                if !name.is_empty() && version != Some("") && platform != Some("") {
                    readings.push(reading);
                }
            }
        }
        readings
    }

    /// Whether this address can mean that version of a tool; without a version, any.
    pub fn matches(&self, identity: &Identity) -> bool {
        self.readings().iter().any(|reading| {
            reading.name == identity.name
                && reading.platform.is_none_or(|it| it == identity.platform)
                && reading.version.is_none_or(|it| it == identity.version)
        })
    }
}

impl fmt::Display for ToolRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for ToolRef {
    type Err = ToolRefError;

    fn from_str(text: &str) -> Result<Self, ToolRefError> {
        let reference = Self(text.to_owned());
        if text.contains('\0') || reference.readings().is_empty() {
            return Err(ToolRefError(text.to_owned()));
        }
        Ok(reference)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(text: &str) -> Vec<(Option<&str>, &str, Option<&str>)> {
        let reference: &ToolRef = Box::leak(Box::new(text.parse().unwrap()));
        reference
            .readings()
            .into_iter()
            .map(|it| (it.platform, it.name, it.version))
            .collect()
    }

    #[test]
    fn a_plain_name_has_one_reading() {
        assert_eq!(readings("df"), [(None, "df", None)]);
    }

    #[test]
    fn a_full_address_is_read_in_every_way() {
        assert_eq!(
            readings("linux/df@1.0"),
            [
                (None, "linux/df@1.0", None),
                (Some("linux"), "df@1.0", None),
                (None, "linux/df", Some("1.0")),
                (Some("linux"), "df", Some("1.0")),
            ]
        );
    }

    #[test]
    fn an_empty_address_is_refused() {
        assert!("".parse::<ToolRef>().is_err());
        assert!("a\0b".parse::<ToolRef>().is_err());
    }
}
