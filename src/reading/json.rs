//! JSON in which every key of an object stands once: where one stands twice, programs disagree about which
//! counts, so that it is refused with its place.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Reads a value.
///
/// # Errors
/// What is not JSON, or a key that stands twice, with its line and column.
pub fn value(bytes: &[u8]) -> serde_json::Result<Value> {
    serde_json::from_slice(bytes).map(|Once(value)| value)
}

/// Reads a value of that shape.
///
/// # Errors
/// As [`value`]; what is not of the shape.
pub fn read<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    value(text.as_bytes())?;
    serde_json::from_str(text)
}

/// A value in which every key stands once.
struct Once(Value);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Values).map(Self)
    }
}

struct Values;

impl<'de> Visitor<'de> for Values {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Once(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!(
                    "the key `{key}` stands here twice"
                )));
            }
            let Once(value) = entries.next_value()?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_read_as_it_stands() {
        let text = r#"{"b":[1,-2,0.5,18446744073709551615,null,true],"a":{"x":"\u00e9\n"},"c":{}}"#;
        let expected: Value = serde_json::from_str(text).unwrap();
        assert_eq!(value(text.as_bytes()).unwrap(), expected);
        assert_eq!(read::<Vec<u8>>("[1,2]").unwrap(), [1, 2]);
        for wrong in ["", "{", "[1,]", "{\"a\":1} x", "1e999", &"[".repeat(200)] {
            assert!(value(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_key_that_stands_twice_is_refused_at_its_place() {
        for text in [
            r#"{"a":1,"a":2}"#,
            r#"[{"b":{"a":1,"c":2,"\u0061":1}}]"#,
            "{\"a\":1,\n\"a\":1}",
        ] {
            let error = value(text.as_bytes()).unwrap_err();
            assert!(error.is_data());
            let told = error.to_string();
            assert!(
                told.starts_with("the key `a` stands here twice at line "),
                "{told}"
            );
            assert!(read::<Value>(text).is_err());
        }
        assert!(value(br#"[{"a":1},{"a":{"a":1}}]"#).is_ok());
    }
}
