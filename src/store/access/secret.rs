//! Secrets that are shown once: 256 random bits with a mark of their own and a checksum. The database keeps
//! their hash alone.

use std::fmt;

use sha2::{Digest, Sha256};

/// What a secret is for, which its first letters say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A token for programs.
    Token,
    /// The key of a session in a browser.
    Session,
    /// The key in a link by which a session begins, once.
    Link,
}

impl Purpose {
    fn mark(self) -> &'static str {
        match self {
            Purpose::Token => "tcat_",
            Purpose::Session => "tses_",
            Purpose::Link => "tlnk_",
        }
    }
}

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Digits that are drawn: 43 digits to the base 62 are 256 bits.
const RANDOM: usize = 43;

/// Digits of the checksum: 32 bits.
const CHECK: usize = 6;

/// A secret. `Debug` never shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// If the system gives no random numbers.
    pub fn new(purpose: Purpose) -> Result<Self, getrandom::Error> {
        let mut text = purpose.mark().to_owned();
        let length = text.len() + RANDOM;
        let mut bytes = [0; 64];
        while text.len() < length {
            getrandom::fill(&mut bytes)?;
            // 248 is a multiple of 62, so that every digit is as likely as the others.
            let digits = bytes.iter().filter(|it| **it < 248);
            text.extend(
                digits
                    .take(length - text.len())
                    .map(|it| char::from(DIGITS[usize::from(it % 62)])),
            );
        }
        text.push_str(&checksum(&text));
        Ok(Self(text))
    }

    /// Reads one: `None` if it has not the form or its checksum is wrong, so that it was mistyped or
    /// cut off.
    pub fn parse(purpose: Purpose, text: &str) -> Option<Self> {
        let body = text.strip_prefix(purpose.mark())?;
        let is_whole = body.len() == RANDOM + CHECK && body.bytes().all(|it| DIGITS.contains(&it));
        if !is_whole {
            return None;
        }
        let (secret, check) = text.split_at(text.len() - CHECK);
        (checksum(secret) == check).then(|| Self(text.to_owned()))
    }

    /// What is shown once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept.
    pub fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.0.as_bytes()).to_vec()
    }
}

/// The first 32 bits of the SHA-256, to the base 62.
fn checksum(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let mut rest = digest
        .iter()
        .take(4)
        .fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte));
    let mut check = [b'0'; CHECK];
    for digit in check.iter_mut().rev() {
        *digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    check.iter().map(|it| char::from(*it)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_again_and_never_a_mistyped_one() {
        let secret = Secret::new(Purpose::Token).expect("random numbers");
        let text = secret.reveal();
        assert_eq!(text.len(), "tcat_".len() + RANDOM + CHECK);
        assert_eq!(Secret::parse(Purpose::Token, text), Some(secret.clone()));
        assert_eq!(Secret::parse(Purpose::Session, text), None);
        for at in 0..text.len() {
            let mut other = text.as_bytes().to_vec();
            other[at] = if other[at] == b'x' { b'y' } else { b'x' };
            let other = String::from_utf8(other).expect("ASCII");
            assert_eq!(Secret::parse(Purpose::Token, &other), None, "{at}");
        }
        assert_eq!(Secret::parse(Purpose::Token, &text[..text.len() - 1]), None);
        assert_eq!(format!("{secret:?}"), "Secret(..)");
    }

    #[test]
    fn no_two_are_equal_and_every_digit_occurs() {
        let secrets: Vec<String> = (0..200)
            .map(|_| Secret::new(Purpose::Token).expect("random numbers").0)
            .collect();
        let distinct: std::collections::HashSet<&String> = secrets.iter().collect();
        assert_eq!(distinct.len(), secrets.len());
        let used: std::collections::HashSet<u8> =
            secrets.iter().flat_map(|it| it.bytes().skip(5)).collect();
        assert_eq!(used.len(), 62);
    }
}
