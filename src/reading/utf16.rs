//! Text in UTF-16, as spreadsheets and other programs of Windows write it, read as UTF-8.

use std::io::{self, BufRead, Read};

/// Which byte of a unit comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Big,
    Little,
}

impl Order {
    fn unit(self, bytes: [u8; 2]) -> u16 {
        match self {
            Order::Big => u16::from_be_bytes(bytes),
            Order::Little => u16::from_le_bytes(bytes),
        }
    }
}

/// The order of a text in UTF-16 and the length of its mark: it has a byte order mark, or is known by the
/// NUL in its first character.
fn found(start: &[u8]) -> Option<(Order, usize)> {
    match start {
        [0xfe, 0xff, ..] => Some((Order::Big, 2)),
        [0xff, 0xfe, ..] => Some((Order::Little, 2)),
        [0, 1..=255, ..] => Some((Order::Big, 0)),
        [1..=255, 0, ..] => Some((Order::Little, 0)),
        _ => None,
    }
}

/// The bytes as UTF-8 if they are text in UTF-16; else as they are.
pub fn utf8(bytes: Vec<u8>) -> Vec<u8> {
    let Some((order, mark)) = found(&bytes) else {
        return bytes;
    };
    let (units, rest) = bytes[mark..].as_chunks::<2>();
    let units = units.iter().map(|it| order.unit(*it));
    match char::decode_utf16(units).collect::<Result<String, _>>() {
        Ok(text) if rest.is_empty() => text.into_bytes(),
        _ => bytes,
    }
}

/// A stream whose text is UTF-8, whether it is written so or in UTF-16; what is no text stays none.
pub struct Utf8<R> {
    inner: R,
    order: Option<Order>,
    /// What was read and is not yet a character.
    open: Vec<u8>,
    /// What was made of it, and how much of that is used up.
    made: Vec<u8>,
    used: usize,
}

/// A byte that no text in UTF-8 holds, in the place of what is no character.
const NO_TEXT: u8 = 0xff;

impl<R: BufRead> Utf8<R> {
    /// Looks at the beginning of the stream.
    ///
    /// # Errors
    /// If the stream cannot be read.
    pub fn new(mut inner: R) -> io::Result<Self> {
        let found = found(inner.fill_buf()?);
        inner.consume(found.map_or(0, |(_, mark)| mark));
        Ok(Self {
            inner,
            order: found.map(|(order, _)| order),
            open: Vec::new(),
            made: Vec::new(),
            used: 0,
        })
    }

    /// Makes characters of what is open, as far as they are whole.
    fn make(&mut self, order: Order) {
        self.made.clear();
        self.used = 0;
        let mut at = 0;
        let unit = |at: usize| {
            let bytes = self.open.get(at..at + 2)?;
            Some(order.unit([bytes[0], bytes[1]]))
        };
        while let Some(first) = unit(at) {
            let second = unit(at + 2);
            let pair = (0xd800..0xdc00).contains(&first);
            if pair && second.is_none() {
                break;
            }
            let units = [Some(first), second.filter(|_| pair)];
            match char::decode_utf16(units.into_iter().flatten()).next() {
                Some(Ok(c)) => {
                    self.made
                        .extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    at += 2 * c.len_utf16();
                }
                _ => {
                    self.made.push(NO_TEXT);
                    at += 2;
                }
            }
        }
        self.open.drain(..at);
    }
}

impl<R: BufRead> BufRead for Utf8<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let Some(order) = self.order else {
            return self.inner.fill_buf();
        };
        while self.used == self.made.len() {
            let bytes = self.inner.fill_buf()?;
            let read = bytes.len();
            self.open.extend_from_slice(bytes);
            self.inner.consume(read);
            self.make(order);
            if read == 0 {
                if !self.open.is_empty() {
                    self.open.clear();
                    self.made.push(NO_TEXT);
                }
                break;
            }
        }
        Ok(&self.made[self.used..])
    }

    fn consume(&mut self, amount: usize) {
        match self.order {
            None => self.inner.consume(amount),
            Some(_) => self.used = (self.used + amount).min(self.made.len()),
        }
    }
}

impl<R: BufRead> Read for Utf8<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let amount = ready.len().min(into.len());
        into[..amount].copy_from_slice(&ready[..amount]);
        self.consume(amount);
        Ok(amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str, order: Order) -> Vec<u8> {
        let unit = |it: u16| match order {
            Order::Big => it.to_be_bytes(),
            Order::Little => it.to_le_bytes(),
        };
        text.encode_utf16().flat_map(unit).collect()
    }

    /// What a stream is that comes in pieces of that size.
    fn streamed(bytes: &[u8], size: usize) -> Vec<u8> {
        let mut read = Vec::new();
        let pieces = io::BufReader::with_capacity(size, bytes);
        Utf8::new(pieces).unwrap().read_to_end(&mut read).unwrap();
        read
    }

    #[test]
    fn both_orders_are_read_with_and_without_a_mark() {
        let text = "tool,time\r\nfür 日本 🚀,1\n";
        for order in [Order::Big, Order::Little] {
            let plain = encoded(text, order);
            let marked = encoded(&format!("\u{feff}{text}"), order);
            for bytes in [plain, marked] {
                assert_eq!(utf8(bytes.clone()), text.as_bytes());
                for size in [2, 3, 5, 4096] {
                    assert_eq!(streamed(&bytes, size), text.as_bytes(), "{order:?} {size}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_text_stays_none_and_all_else_passes() {
        let mut cut = encoded("\u{feff}a\n", Order::Little);
        cut.extend([0x00, 0xd8, b'b', 0, b'c']);
        assert_eq!(streamed(&cut, 4), b"a\n\xffb\xff");
        assert_eq!(utf8(cut.clone()), cut);
        for plain in [&b"\xef\xbb\xbfa,b\n"[..], b"a", b"", b"\xff\xf0", b"\0\0"] {
            assert_eq!(streamed(plain, 3), plain);
            assert_eq!(utf8(plain.to_vec()), plain);
        }
    }
}
